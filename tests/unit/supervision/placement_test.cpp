// SPDX-License-Identifier: BSD-3-Clause
// Goal: a distributed child always belongs to one node that can take it, moves when that goes down or drains,
// and stays otherwise.
// Method: command by command against a group; then random commands with the invariants checked after each,
// and a second group that is restored now and then.
#include "bulwark/supervision/core/placement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "bulwark/actors/core/random.hpp"
#include "bulwark/supervision/core/membership_group.hpp"

namespace bulwark {
namespace {

using testing::IsEmpty;

class placed_group {
 public:
  group_result tell(const group_command& what) {
    changes.clear();
    return decode_group_result(group.apply(encode(what), changes)).value();
  }
  void enter(std::uint32_t node, std::vector<std::string> roles = {}, std::uint64_t life = 1) {
    tell(members::command{members::join{{node, life}, {}, std::move(roles)}});
    tell(members::command{members::ready{{node, life}}});
  }
  placement_error place(const std::string& child, const std::string& role = {}, std::uint32_t node = 0) {
    return std::get<placement_error>(tell(placing::command{placing::place{child, role, node}}));
  }
  placement_error load(node_life life, std::uint32_t permille) {
    return std::get<placement_error>(tell(placing::command{placing::report_load{life, permille}}));
  }
  placement_error decline(const std::string& child, node_life life) {
    return std::get<placement_error>(tell(placing::command{placing::decline{child, life}}));
  }
  placement_error offer(const std::string& child, node_life life) {
    return std::get<placement_error>(tell(placing::command{placing::offer{child, life}}));
  }
  void leave(std::uint32_t node) { tell(members::command{members::leave{group.nodes().find(node)->life}}); }
  void drain(std::uint32_t node) { tell(members::command{members::drain{group.nodes().find(node)->life}}); }
  [[nodiscard]] std::uint32_t node_of(const std::string& child) const {
    return group.children().all().at(child).at.node;
  }
  [[nodiscard]] std::map<std::uint32_t, int> counts() const {
    std::map<std::uint32_t, int> result;
    for (const auto& [name, child] : group.children().all()) ++result[child.at.node];
    return result;
  }

  membership_group group;
  group_changes changes;
};

TEST(placement, a_child_waits_for_a_node_that_can_take_it) {
  placed_group run;
  EXPECT_EQ(run.place("orders", "db"), placement_error::none);
  run.enter(1, {"web"});
  EXPECT_EQ(run.node_of("orders"), 0u);
  run.tell(members::command{members::join{{2, 1}, {}, {"db", "web"}}});
  EXPECT_EQ(run.node_of("orders"), 0u);
  run.tell(members::command{members::ready{{2, 1}}});
  ASSERT_EQ(run.changes.children.size(), 1u);
  EXPECT_EQ(run.changes.children[0], (placement_change{1, "orders", {}, {2, 1}}));
}

TEST(placement, children_are_spread_by_load) {
  placed_group run;
  for (std::uint32_t node = 1; node <= 4; ++node) run.enter(node);
  for (int i = 0; i < 40; ++i) run.place("child" + std::to_string(i));
  for (const auto& [node, count] : run.counts()) EXPECT_EQ(count, 10) << node;
  EXPECT_EQ(run.load({1, 1}, 500), placement_error::none);
  for (int i = 40; i < 55; ++i) run.place("child" + std::to_string(i));
  // Half busy with something else is as much as five children.
  EXPECT_EQ(run.counts()[1], 10);
  EXPECT_EQ(run.load({1, 2}, 500), placement_error::unknown_node);
  EXPECT_EQ(run.load({1, 1}, 1001), placement_error::bad_argument);
}

TEST(placement, a_preferred_node_is_taken_if_it_can_be) {
  placed_group run;
  for (std::uint32_t node = 1; node <= 3; ++node) run.enter(node);
  for (std::uint32_t node = 1; node <= 3; ++node) run.place("on" + std::to_string(node), {}, node);
  for (std::uint32_t node = 1; node <= 3; ++node) EXPECT_EQ(run.node_of("on" + std::to_string(node)), node);
  run.leave(2);
  EXPECT_NE(run.node_of("on2"), 2u);
  run.enter(2, {}, 2);
  EXPECT_NE(run.node_of("on2"), 2u) << "it is not moved back by itself";
}

TEST(placement, a_dead_node_loses_its_children_in_the_same_step_and_nobody_else_moves) {
  placed_group run;
  for (std::uint32_t node = 1; node <= 5; ++node) run.enter(node);
  for (int i = 0; i < 25; ++i) run.place("child" + std::to_string(i));
  const auto before = run.group.children().all();
  run.leave(3);
  EXPECT_EQ(run.changes.children.size(), 5u);
  for (const auto& [name, child] : run.group.children().all()) {
    if (before.at(name).at.node == 3)
      EXPECT_NE(child.at.node, 3u);
    else
      EXPECT_EQ(child, before.at(name));
  }
}

TEST(placement, what_a_dead_node_had_is_spread) {
  placed_group run;
  for (std::uint32_t node = 1; node <= 5; ++node) run.enter(node);
  for (int i = 0; i < 30; ++i) run.place("child" + std::to_string(i));
  for (std::uint32_t node = 2; node <= 5; ++node) run.load({node, 1}, 100);
  run.leave(3);
  for (const auto& [node, count] : run.counts()) EXPECT_LE(count, 9) << node << ": not all to the idlest";
}

TEST(placement, equal_nodes_get_different_children) {
  placed_group run;
  for (std::uint32_t node = 1; node <= 3; ++node) run.enter(node);
  std::map<std::uint32_t, int> chosen;
  for (int i = 0; i < 30; ++i) {
    const auto child = "child" + std::to_string(i);
    run.place(child);
    ++chosen[run.node_of(child)];
    run.tell(placing::command{placing::forget{child}});
  }
  EXPECT_EQ(chosen.size(), 3u);
}

TEST(placement, a_load_ends_with_the_life_that_had_it) {
  placed_group run;
  run.enter(1);
  run.enter(2);
  run.load({1, 1}, 900);
  run.load({2, 1}, 500);
  EXPECT_EQ(run.group.children().reported_load({1, 1}), 900u);
  run.enter(1, {}, 2);
  EXPECT_EQ(run.load({1, 1}, 900), placement_error::fenced);
  EXPECT_EQ(run.group.children().reported_load({1, 2}), 0u) << "which has said nothing yet";
  run.place("orders");
  EXPECT_EQ(run.node_of("orders"), 1u);
}

TEST(placement, a_suspect_keeps_its_children_and_a_later_life_does_not) {
  placed_group run;
  for (std::uint32_t node = 1; node <= 5; ++node) run.enter(node);
  run.place("orders", {}, 2);
  run.tell(members::command{members::accuse{{1, 1}, {2, 1}, 0}});
  ASSERT_EQ(run.group.nodes().find(2)->state, member_state::suspect);
  EXPECT_EQ(run.node_of("orders"), 2u);
  run.tell(members::command{members::join{{2, 2}, {}, {}}});
  EXPECT_NE(run.node_of("orders"), 2u);
}

TEST(placement, a_draining_node_gives_away_what_others_can_take) {
  placed_group run;
  run.enter(1, {"db"});
  run.enter(2);
  run.place("orders", "db");
  run.place("prices", {}, 1);
  run.drain(1);
  EXPECT_EQ(run.node_of("orders"), 1u) << "nobody else has the role";
  EXPECT_EQ(run.node_of("prices"), 2u);
  run.enter(3, {"db"});
  EXPECT_EQ(run.node_of("orders"), 3u);
}

TEST(placement, a_child_that_is_said_again_moves_only_if_it_has_to) {
  placed_group run;
  run.enter(1, {"db"});
  run.enter(2, {"web"});
  run.place("orders");
  const auto at = run.node_of("orders");
  run.place("orders", at == 1 ? "db" : "web");
  EXPECT_THAT(run.changes.children, IsEmpty());
  run.place("orders", at == 1 ? "web" : "db");
  EXPECT_EQ(run.node_of("orders"), 3 - at);
}

TEST(placement, a_child_leaves_the_node_that_declines_it_and_does_not_come_back_by_itself) {
  placed_group run;
  for (std::uint32_t node = 1; node <= 3; ++node) run.enter(node);
  run.place("orders", {}, 2);
  run.place("prices", {}, 2);
  EXPECT_EQ(run.decline("orders", {2, 1}), placement_error::none);
  const auto at = run.node_of("orders");
  EXPECT_NE(at, 2u);
  EXPECT_EQ(run.node_of("prices"), 2u) << "the other one stays";
  run.leave(at);
  EXPECT_EQ(run.node_of("orders"), 4 - at) << "not to the node that declines";
  run.decline("orders", {4 - at, 1});
  EXPECT_EQ(run.node_of("orders"), 0u) << "nobody runs it";
  run.offer("orders", {2, 1});
  EXPECT_EQ(run.node_of("orders"), 2u);
  run.offer("orders", {4 - at, 1});
  EXPECT_THAT(run.changes.children, IsEmpty());
}

TEST(placement, a_node_in_a_later_life_declines_nothing) {
  placed_group run;
  run.enter(1);
  run.place("orders");
  run.decline("orders", {1, 1});
  EXPECT_EQ(run.node_of("orders"), 0u);
  run.enter(1, {}, 2);
  EXPECT_EQ(run.node_of("orders"), 1u);
  EXPECT_THAT(run.group.children().all().at("orders").declined, IsEmpty());
}

TEST(placement, even_a_draining_node_keeps_nothing_that_it_declines) {
  placed_group run;
  run.enter(1);
  run.place("orders");
  run.drain(1);
  EXPECT_EQ(run.node_of("orders"), 1u);
  run.decline("orders", {1, 1});
  EXPECT_EQ(run.node_of("orders"), 0u);
}

TEST(placement, only_a_live_member_declines_or_offers_and_only_what_is_known) {
  placed_group run;
  run.enter(1);
  run.place("orders");
  EXPECT_EQ(run.decline("prices", {1, 1}), placement_error::unknown_child);
  EXPECT_EQ(run.offer("prices", {1, 1}), placement_error::unknown_child);
  EXPECT_EQ(run.decline("orders", {2, 1}), placement_error::unknown_node);
  EXPECT_EQ(run.offer("orders", {2, 1}), placement_error::unknown_node);
  run.enter(1, {}, 2);
  EXPECT_EQ(run.decline("orders", {1, 1}), placement_error::fenced);
  run.decline("orders", {1, 2});
  EXPECT_EQ(run.offer("orders", {1, 1}), placement_error::fenced);
  EXPECT_EQ(run.node_of("orders"), 0u);
}

TEST(placement, is_saved_as_nodes_read_it_that_know_of_no_declines_as_long_as_there_are_none) {
  placed_group run;
  run.enter(1);
  run.place("orders", {}, 1);
  run.load({1, 1}, 500);
  // Version 2 has the number of those that decline behind each child.
  const auto old = run.group.children().save();
  EXPECT_EQ(old[0], 1);
  const auto behind_child = 1 + 8 + 4 + (4 + 6) + 4 + 4 + 12;
  auto newer = old;
  newer.insert(behind_child, 4, '\0');
  newer[0] = 2;
  for (const auto& saved : {old, newer}) {
    placement read;
    ASSERT_TRUE(read.restore(saved));
    EXPECT_EQ(read.save(), old);
  }
  newer[0] = 3;
  placement read;
  EXPECT_FALSE(read.restore(newer)) << "a version that is yet to come";
  newer[0] = 0;
  EXPECT_FALSE(read.restore(newer));
  run.decline("orders", {1, 1});
  const auto declined = run.group.children().save();
  EXPECT_EQ(declined[0], 2);
  ASSERT_TRUE(read.restore(declined));
  EXPECT_EQ(read.save(), declined);
  run.offer("orders", {1, 1});
  EXPECT_EQ(run.group.children().save()[0], 1);
}

TEST(placement, a_forgotten_child_belongs_nowhere) {
  placed_group run;
  run.enter(1);
  run.place("orders");
  run.tell(placing::command{placing::forget{"orders"}});
  ASSERT_EQ(run.changes.children.size(), 1u);
  EXPECT_EQ(run.changes.children[0].to, node_life{});
  EXPECT_EQ(std::get<placement_error>(run.tell(placing::command{placing::forget{"orders"}})),
            placement_error::unknown_child);
}

TEST(placement, arguments_and_numbers_are_bounded) {
  placed_group run;
  EXPECT_EQ(run.place(""), placement_error::bad_argument);
  EXPECT_EQ(run.place(std::string(241, 'x')), placement_error::bad_argument);
  EXPECT_EQ(run.place("orders", std::string(65, 'x')), placement_error::bad_argument);
  EXPECT_LE(placement::child_name(std::string(240, 'x')).size(), 255u);
  for (std::size_t i = 0; i < placement::children_max; ++i)
    ASSERT_EQ(run.place(std::to_string(i)), placement_error::none);
  EXPECT_EQ(run.place("one more"), placement_error::full);
  EXPECT_EQ(run.place("1"), placement_error::none);
}

/// Each child is where it may be, and nowhere only if it must.
void expect_well_placed(const membership_group& group) {
  for (const auto& [name, child] : group.children().all()) {
    const auto fits = [&, &wanted = child](const member& one) {
      return wanted.role.empty() || std::binary_search(one.roles.begin(), one.roles.end(), wanted.role);
    };
    bool somebody_could = false;
    for (const auto& [node, one] : group.nodes().all())
      somebody_could =
          somebody_could || (one.state == member_state::up && fits(one) && !child.is_declined_by(one.life));
    for (const auto& [node, incarnation] : child.declined)
      EXPECT_EQ(group.nodes().check({node, incarnation}), membership_error::none) << name;
    if (child.at.node == 0) {
      EXPECT_FALSE(somebody_could) << name;
      continue;
    }
    EXPECT_EQ(group.nodes().check(child.at), membership_error::none) << name;
    const auto& where = *group.nodes().find(child.at.node);
    EXPECT_TRUE(fits(where)) << name;
    EXPECT_FALSE(child.is_declined_by(child.at)) << name;
    EXPECT_TRUE(!where.draining || !somebody_could) << name;
  }
}

TEST(placement, invariants_hold_and_replicas_agree_under_random_commands) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_stream random{seed};
    placed_group run;
    membership_group other;
    std::map<std::string, node_life> followed;
    for (int i = 0; i < 1000 && !testing::Test::HasFailure(); ++i) {
      const auto node = static_cast<std::uint32_t>(1 + random.below(6));
      const auto* known = run.group.nodes().find(node);
      const auto life = known ? known->life : node_life{node, 1};
      const auto child = "c" + std::to_string(random.below(12));
      const auto role = random.below(2) == 0 ? std::string{} : "r" + std::to_string(random.below(3));
      group_command what =
          placing::command{placing::place{child, role, node * (random.below(3) == 0 ? 1 : 0)}};
      switch (random.below(12)) {
        case 0:
          what = members::command{members::join{{node, life.incarnation + 1}, {}, {role + "r0", "r1"}}};
          break;
        case 1: what = members::command{members::leave{life}}; break;
        case 2: what = members::command{members::drain{life}}; break;
        case 3: what = placing::command{placing::forget{child}}; break;
        case 4: what = members::command{members::accuse{{1 + node % 6, 1}, life, 0}}; break;
        case 5:
          what = placing::command{placing::report_load{life, static_cast<std::uint32_t>(random.below(1000))}};
          break;
        case 6:
        case 7: what = members::command{members::ready{life}}; break;
        case 8: what = placing::command{placing::decline{child, life}}; break;
        case 9: what = placing::command{placing::offer{child, life}}; break;
        default: break;
      }
      const auto revision = run.group.children().revision();
      run.tell(what);
      group_changes others;
      other.apply(encode(what), others);
      EXPECT_EQ(others, run.changes);
      for (std::size_t k = 0; k < run.changes.children.size(); ++k) {
        const auto& change = run.changes.children[k];
        EXPECT_EQ(change.revision, revision + k + 1);
        EXPECT_EQ(followed[change.child], change.from);
        followed[change.child] = change.to;
      }
      expect_well_placed(run.group);
      if (random.below(40) == 0) {
        membership_group fresh;
        ASSERT_TRUE(fresh.restore(run.group.save()));
        EXPECT_EQ(fresh.save(), run.group.save());
        other = fresh;
      }
    }
    for (const auto& [name, child] : run.group.children().all()) EXPECT_EQ(followed[name], child.at);
  }
}

}  // namespace
}  // namespace bulwark
