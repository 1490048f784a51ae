// SPDX-License-Identifier: BSD-3-Clause
// Goal: what a board shows of the group only ever goes forward, and nobody is held for heard who was not.
// Method: states of one group, published out of order.
#include "bulwark/consensus/member_board.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulwark::consensus {
namespace {

class member_board_test : public testing::Test {
 protected:
  void tell(const group_command& what) {
    group_changes none;
    group.apply(what, none);
  }
  /// Shows the group with this more, then as it was before.
  void show_and_go_back(const group_command& more) {
    const auto before = group;
    tell(more);
    board.publish(group);
    const auto shown = board.latest();
    const auto told = changes;
    board.publish(before);
    EXPECT_EQ(board.latest(), shown);
    EXPECT_EQ(changes, told) << "nothing has changed";
  }

  membership_group group;
  int changes = 0;
  member_board board{1, [this] { ++changes; }};
};

TEST_F(member_board_test, an_earlier_state_changes_nothing_whatever_it_lacks) {
  EXPECT_EQ(board.latest(), nullptr);
  show_and_go_back(members::command{members::join{{1, 1}, "127.0.0.1:20001", {}}});
  tell(members::command{members::ready{{1, 1}}});
  show_and_go_back(names::command{names::claim{"a", {1, 1}, 1}});
  show_and_go_back(placing::command{placing::place{"counter"}});
  EXPECT_EQ(changes, 3);
}

TEST_F(member_board_test, a_state_that_is_shown_again_is_told_again) {
  board.publish(group);
  board.publish(group);
  EXPECT_EQ(changes, 2) << "what has no number of its own may have changed";
}

TEST_F(member_board_test, a_detector_that_begins_has_heard_nobody) {
  EXPECT_EQ(board.verdict(2), peer_state::down);
  board.set_verdict(2, peer_state::up);
  EXPECT_EQ(board.verdict(2), peer_state::up);
  const instant begin{std::chrono::hours{1}};
  board.begin_hearing(begin);
  EXPECT_EQ(board.verdict(2), peer_state::down);
  EXPECT_EQ(board.hearing_since(), begin);
}

TEST_F(member_board_test, of_one_that_is_not_watched_there_is_no_verdict) {
  board.set_verdict(2, peer_state::up);
  board.set_watched(2, false);
  EXPECT_EQ(board.verdict(2), std::nullopt);
  board.set_watched(2, true);
  EXPECT_EQ(board.verdict(2), peer_state::down) << "not heard yet";
  board.set_watched(2, false);
  board.begin_hearing({});
  EXPECT_EQ(board.verdict(2), peer_state::down) << "a detector that begins watches all";
}

}  // namespace
}  // namespace bulwark::consensus
