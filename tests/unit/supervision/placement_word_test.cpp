// SPDX-License-Identifier: BSD-3-Clause
// Goal: the group comes to know that a child is to be placed and which nodes run it, whatever is lost, and is
// told no more than that takes.
// Method: a group that hears, or does not hear, what is said to it.
#include "bulwark/supervision/core/placement_word.hpp"

#include <gtest/gtest.h>

namespace bulwark {
namespace {

using namespace std::chrono_literals;

class talking_node {
 public:
  talking_node() {
    apply(members::command{members::join{life, {}, {}}});
    apply(members::command{members::ready{life}});
  }
  void apply(const group_command& what) {
    group_changes changes;
    group.apply(what, changes);
  }
  std::optional<placing::command> due(bool is_willing, duration after = 0ms) {
    now += after;
    return word.due(placement_word::look(group, "orders", life), is_willing, now);
  }
  bool is_heard(bool is_willing) const {
    return word.is_heard(placement_word::look(group, "orders", life), is_willing);
  }
  /// Says what is due, and the group hears it.
  bool speak(bool is_willing) {
    const auto what = due(is_willing);
    if (what) apply(*what);
    return what.has_value();
  }

  membership_group group;
  node_life life{1, 5};
  instant now{1h};
  placement_word word{placing::place{"orders", "", 0}, 500ms};
};

TEST(placement_word, a_child_is_placed_once_it_is_heard_and_said_again_until_then) {
  talking_node node;
  EXPECT_EQ(node.due(true), (placing::command{placing::place{"orders", "", 0}}));
  EXPECT_FALSE(node.due(true, 499ms));
  EXPECT_FALSE(node.is_heard(true));
  const auto again = node.due(true, 1ms);
  ASSERT_TRUE(again);
  node.apply(*again);
  EXPECT_TRUE(node.is_heard(true));
  EXPECT_FALSE(node.due(true, 10s));
}

TEST(placement_word, who_stops_declines_at_once_and_offers_at_once_when_it_goes_on) {
  talking_node node;
  node.speak(true);
  EXPECT_EQ(node.due(false), (placing::command{placing::decline{"orders", node.life}}));
  EXPECT_FALSE(node.due(false, 499ms));
  EXPECT_FALSE(node.is_heard(false));
  const auto again = node.due(false, 1ms);
  ASSERT_TRUE(again);
  node.apply(*again);
  EXPECT_TRUE(node.is_heard(false));
  EXPECT_EQ(node.group.children().all().at("orders").at.node, 0u);
  EXPECT_EQ(node.due(true), (placing::command{placing::offer{"orders", node.life}}));
}

TEST(placement_word, another_role_or_node_is_said_as_well) {
  talking_node node;
  node.apply(placing::command{placing::place{"orders", "db", 0}});
  EXPECT_TRUE(node.speak(true));
  EXPECT_EQ(node.group.children().all().at("orders").role, "");
  node.apply(placing::command{placing::place{"orders", "", 3}});
  node.now += 1s;
  EXPECT_TRUE(node.speak(true));
  EXPECT_TRUE(node.is_heard(true));
}

TEST(placement_word, who_does_not_run_it_says_nothing_of_a_child_that_nobody_knows) {
  talking_node node;
  EXPECT_FALSE(node.due(false));
  EXPECT_TRUE(node.is_heard(false));
}

TEST(placement_word, a_life_that_is_no_member_declines_nothing) {
  talking_node node;
  node.speak(true);
  node.life.incarnation = 6;
  EXPECT_FALSE(node.due(false));
  EXPECT_TRUE(node.is_heard(false));
}

TEST(placement_word, a_node_that_drains_declines_only_what_it_still_has) {
  talking_node node;
  node.speak(true);
  node.apply(members::command{members::drain{node.life}});
  EXPECT_EQ(node.due(false), (placing::command{placing::decline{"orders", node.life}}))
      << "nobody else has it";
  node.apply(members::command{members::join{{2, 1}, {}, {}}});
  node.apply(members::command{members::ready{{2, 1}}});
  EXPECT_EQ(node.group.children().all().at("orders").at.node, 2u);
  EXPECT_TRUE(node.is_heard(false));
}

}  // namespace
}  // namespace bulwark
