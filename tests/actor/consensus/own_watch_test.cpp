// SPDX-License-Identifier: BSD-3-Clause
// Goal: a node's list of those whom it watches follows its board, and stays the same object while nothing
// changes. Method: a board that shows a group of eight.
#include "bulwark/consensus/own_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulwark::consensus {
namespace {

using testing::SizeIs;

class own_watch_test : public testing::Test {
 protected:
  void tell(const group_command& what) {
    group_changes none;
    group.apply(what, none);
    board->publish(group);
  }
  void join_all() {
    for (std::uint32_t node = 1; node <= 8; ++node) tell(members::command{members::join{{node, 1}, "", {}}});
  }

  membership_group group;
  std::shared_ptr<member_board> board = std::make_shared<member_board>(1, nullptr);
  own_watch watch{1, {2, 3, 4, 5, 6, 7, 8}, board};
};

TEST_F(own_watch_test, it_begins_with_all_and_goes_by_the_view) {
  EXPECT_THAT(*watch.now(), SizeIs(7));
  join_all();
  EXPECT_EQ(*watch.now(), group.nodes().subjects_of(1));
  EXPECT_LT(watch.now()->size(), 7u);
  tell(members::command{members::leave{{5, 1}}});
  EXPECT_EQ(*watch.now(), group.nodes().subjects_of(1));
}

TEST_F(own_watch_test, it_is_the_same_list_while_nothing_changes_for_it) {
  join_all();
  const auto before = watch.now();
  EXPECT_EQ(watch.now(), before);
  tell(names::command{names::claim{"a", {1, 1}, 1}});
  tell(members::command{members::ready{{1, 1}}});
  EXPECT_EQ(watch.now(), before) << "nor when the view changes, but not who watches whom";
}

TEST_F(own_watch_test, it_is_of_all_while_the_node_leads) {
  join_all();
  board->set_leads(true);
  EXPECT_THAT(*watch.now(), SizeIs(7));
  board->set_leads(false);
  EXPECT_EQ(*watch.now(), group.nodes().subjects_of(1));
}

TEST_F(own_watch_test, it_is_of_all_in_a_life_that_has_not_joined_yet) {
  join_all();
  board->begin_life(2);
  EXPECT_THAT(*watch.now(), SizeIs(7));
}

TEST_F(own_watch_test, it_follows_rules_that_change_without_a_view) {
  join_all();
  const auto view = group.nodes().view();
  membership_rules rules;
  rules.threshold = 1;
  rules.observers = 1;
  tell(members::command{members::set_rules{rules}});
  ASSERT_EQ(group.nodes().view(), view);
  EXPECT_EQ(*watch.now(), group.nodes().subjects_of(1));
  rules.observers = 7;
  tell(members::command{members::set_rules{rules}});
  EXPECT_THAT(*watch.now(), SizeIs(7));
}

}  // namespace
}  // namespace bulwark::consensus
