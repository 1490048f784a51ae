// SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever is said to the group in whatever order, its invariants hold, and replicas agree.
// Method: random commands from seeds, sensible and absurd ones; the invariants are checked after each of
// them, and a second machine, which is replaced by a restored one now and then, must go through the same
// views.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "bulwark/actors/core/random.hpp"
#include "bulwark/supervision/core/membership_codec.hpp"
#include "membership_fixture.hpp"

namespace bulwark {
namespace {

class membership_chaos {
 public:
  explicit membership_chaos(std::uint64_t seed) : random_{seed} {}

  members::command next() {
    const auto life = any_life();
    switch (random_.below(12)) {
      case 0: return members::join{life, "h:1", {}};
      case 1: return members::join{{life.node, life.incarnation + 1}, "h:1", {}};
      case 2: return members::ready{life};
      case 3: return members::withdraw{any_life(), life};
      case 4: return members::refute{life, round_of(life.node)};
      case 5: return random_.below(4) == 0 ? members::command{members::leave{life}} : members::ready{life};
      case 6: return members::drain{life};
      case 7: return members::remove{life.node};
      case 8:
        if (random_.below(20) == 0) {
          const auto observers = static_cast<std::uint32_t>(1 + random_.below(8));
          const auto threshold = static_cast<std::uint32_t>(1 + random_.below(observers));
          return members::set_rules{{observers, threshold, 3, 40}};
        }
        [[fallthrough]];
      default: return members::accuse{any_life(), life, round_of(life.node)};
    }
  }

  test::membership_run one;
  test::membership_run other;

 private:
  std::uint32_t round_of(std::uint32_t node) {
    const auto* known = one.group.find(node);
    return known ? known->round : 0;
  }

  /// Mostly one that the group knows, else an old or a future one.
  node_life any_life() {
    const auto node = static_cast<std::uint32_t>(1 + random_.below(16));
    const auto* known = one.group.find(node);
    if (!known) return {node, 1 + random_.below(3)};
    return {node,
            random_.below(8) == 0 ? random_.below(known->life.incarnation + 2) : known->life.incarnation};
  }

  random_stream random_;
};

/// What must hold between one view and the next.
void expect_lawful(const membership_change& change, std::map<std::uint32_t, membership_change>& latest) {
  const auto before = latest.find(change.life.node);
  if (before == latest.end()) {
    EXPECT_EQ(change.from, member_state::removed);
  } else {
    EXPECT_EQ(change.from, before->second.to);
    EXPECT_GE(change.life.incarnation, before->second.life.incarnation);
    const bool was_over = change.from == member_state::down || change.from == member_state::removed;
    if (was_over && change.to != member_state::removed) {
      EXPECT_EQ(change.to, member_state::joining);
      EXPECT_GT(change.life.incarnation, before->second.life.incarnation);
    }
  }
  EXPECT_NE(change.from, change.to);
  latest[change.life.node] = change;
}

void expect_sound(const membership& group) {
  for (const auto& [node, one] : group.all()) {
    EXPECT_EQ(group.check(one.life) == membership_error::none, one.is_live());
    EXPECT_EQ(one.life.node, node);
    const auto observers = group.observers_of(node);
    EXPECT_TRUE(one.is_live() || observers.empty());
    std::size_t standing = 0;
    for (const auto& [accuser, round] : one.accusers) {
      EXPECT_NE(std::find(observers.begin(), observers.end(), accuser), observers.end());
      EXPECT_LE(round, one.round);
      standing += round == one.round ? 1 : 0;
    }
    EXPECT_EQ(standing > 0, one.state == member_state::suspect);
    EXPECT_TRUE(standing == 0 || standing < group.accusers_needed(node));
  }
}

TEST(membership_model, invariants_hold_and_replicas_agree_under_random_commands) {
  std::map<member_state, int> reached;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    membership_chaos run{seed};
    std::map<std::uint32_t, membership_change> latest;
    std::uint64_t view = 0;
    for (int i = 0; i < 1000; ++i) {
      const auto what = run.next();
      const auto answer = run.one.apply(what);
      EXPECT_EQ(run.other.apply(*decode_membership_command(encode(what))), answer);
      EXPECT_EQ(run.other.changes, run.one.changes);
      for (const auto& change : run.one.changes) {
        EXPECT_EQ(change.view, ++view);
        expect_lawful(change, latest);
        ++reached[change.to];
      }
      EXPECT_TRUE(answer == membership_error::none || run.one.changes.empty());
      expect_sound(run.one.group);
      if (i % 97 == 0) {
        membership fresh;
        ASSERT_TRUE(fresh.restore(run.one.group.save()));
        run.other.group = fresh;
      }
      if (testing::Test::HasFailure()) return;
    }
    EXPECT_EQ(run.one.group.save(), run.other.group.save());
  }
  for (const auto one : {member_state::joining, member_state::up, member_state::suspect,
                         member_state::draining, member_state::down, member_state::removed})
    EXPECT_GT(reached[one], 100) << one;
}

}  // namespace
}  // namespace bulwark
