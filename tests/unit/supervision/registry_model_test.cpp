// SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever happens to nodes and names, each name has at most one owner, which is alive; tokens only
// grow; replicas agree; every watch ends exactly once, with what really happened.
// Method: random commands from seeds to a group and to a second one that is restored now and then; a plain
// record of all grants and ends is what watches are judged by.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "bulwark/actors/core/random.hpp"
#include "bulwark/supervision/core/membership_group.hpp"
#include "bulwark/supervision/core/registry_watch.hpp"

namespace bulwark {
namespace {

class registry_chaos {
 public:
  explicit registry_chaos(std::uint64_t seed) : random_{seed} {}

  group_command next() {
    const auto life = any_life();
    const auto name = "s" + std::to_string(random_.below(6));
    switch (random_.below(10)) {
      case 0: return members::command{members::join{{life.node, life.incarnation + 1}, {}, {}}};
      case 1: return members::command{members::leave{life}};
      case 2: return members::command{members::accuse{any_life(), life, 0}};
      case 3: return names::command{names::release{name, any_token()}};
      case 4: return names::command{names::settled{name, any_token()}};
      default: return names::command{names::claim{name, life, 1 + random_.below(4)}};
    }
  }

  void step() {
    const auto what = next();
    group_changes changes;
    group_changes others;
    const auto answer = one.apply(encode(what), changes);
    EXPECT_EQ(other.apply(encode(what), others), answer);
    EXPECT_EQ(others, changes);
    for (const auto& change : changes.names) take(change);
    if (random_.below(3) == 0) add_watch();
    if (random_.below(50) == 0) {
      membership_group fresh;
      EXPECT_TRUE(fresh.restore(one.save()));
      EXPECT_EQ(fresh.save(), one.save());
      other = fresh;
    }
    if (random_.below(10) == 0) {  // as after a snapshot
      watches.resynced(one.names(), events);
      behind_ = false;
    }
    if (random_.below(100) == 0) behind_ = true;
    for (const auto& [name, entry] : one.names().all())
      EXPECT_EQ(one.nodes().check(entry.owner), membership_error::none) << name;
  }

  void finish() {
    watches.resynced(one.names(), events);
    std::set<std::uint64_t> ended;
    for (const auto& event : events) {
      EXPECT_TRUE(ended.insert(event.watch).second) << "watch " << event.watch << " ended twice";
      EXPECT_EQ(event.what, how_.at(watched_.at(event.watch))) << event.watch;
    }
    for (const auto& [watch, token] : watched_)
      EXPECT_EQ(how_.contains(token), ended.contains(watch)) << watch;
    EXPECT_GT(ended.size(), 100u);
  }

  membership_group one;
  membership_group other;
  registry_watch watches;
  std::vector<watch_event> events;

 private:
  void take(const name_change& change) {
    EXPECT_EQ(change.revision, ++revision_);
    if (change.token != 0) {
      EXPECT_GT(change.token, last_token_);
      last_token_ = change.token;
    }
    if (change.before != 0) {
      EXPECT_TRUE(how_.emplace(change.before, change.what).second);
    }
    if (!behind_) watches.on(change, events);
  }

  void add_watch() {
    const auto name = "s" + std::to_string(random_.below(6));
    const auto* entry = one.names().whereis(name);
    if (!entry) return;
    watched_.emplace(++watch_, entry->token);
    watches.add(watch_, name, entry->token, one.names(), events);
  }

  node_life any_life() {
    const auto node = static_cast<std::uint32_t>(1 + random_.below(5));
    const auto* known = one.nodes().find(node);
    return known ? known->life : node_life{node, 1};
  }
  std::uint64_t any_token() { return last_token_ < 6 ? last_token_ : last_token_ - random_.below(6); }

  random_stream random_;
  bool behind_ = false;
  std::uint64_t revision_ = 0;
  std::uint64_t last_token_ = 0;
  std::uint64_t watch_ = 0;
  std::map<std::uint64_t, name_event> how_;         ///< token -> how it ended
  std::map<std::uint64_t, std::uint64_t> watched_;  ///< watch -> token
};

TEST(registry_model, names_tokens_and_watches_stand_random_commands) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    registry_chaos run{seed};
    for (int i = 0; i < 2000 && !testing::Test::HasFailure(); ++i) run.step();
    if (!testing::Test::HasFailure()) run.finish();
    EXPECT_EQ(run.one.save(), run.other.save());
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace bulwark
