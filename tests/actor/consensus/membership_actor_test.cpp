// SPDX-License-Identifier: BSD-3-Clause
// Goal: a node says of itself and of others what is due, again until it shows and not more often than that,
// and joins again when the group holds it for over.
// Method: the actor in virtual time beside a real group machine, which the test may cut off; links that note
// what is sent.
#include <gmock/gmock.h>

#include "membership_actor_fixture.hpp"

namespace bulwark::consensus {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

using membership_actor_test = membership_actor_fixture;

TEST_F(membership_actor_test, it_joins_and_says_what_phase_it_is_in_once_each) {
  start();
  world.advance(1s);
  EXPECT_EQ(heard<members::join>().size(), 1u);
  EXPECT_THAT(heard<members::ready>(), IsEmpty());
  phase = member_phase::up;
  world.advance(1s);
  EXPECT_EQ(state_of(1), member_state::up);
  EXPECT_EQ(heard<members::ready>().size(), 1u);
  phase = member_phase::draining;
  world.advance(1s);
  EXPECT_EQ(heard<members::drain>().size(), 1u);
  EXPECT_TRUE(board->latest()->nodes().find(1)->draining);
}

TEST_F(membership_actor_test, what_a_full_queue_refused_is_said_again_but_not_all_the_time) {
  group->gives = outcome::overloaded;
  start();
  world.advance(2100ms);
  EXPECT_GE(heard<members::join>().size(), 4u);
  EXPECT_LE(heard<members::join>().size(), 6u);
}

TEST_F(membership_actor_test, what_was_lost_with_a_leader_is_said_again_soon) {
  group->gives = outcome::unknown;
  start();
  world.advance(100ms);
  EXPECT_GE(heard<members::join>().size(), 2u);
  group->gives = outcome::done;
  world.advance(100ms);
  EXPECT_NE(state_of(1), member_state::removed);
}

TEST_F(membership_actor_test, a_life_that_is_over_is_followed_by_a_later_one) {
  start_among_others();
  decide(members::leave{{1, 7}});
  world.advance(100ms);
  EXPECT_EQ(board->incarnation(), 8u);
  EXPECT_EQ(state_of(1), member_state::up);
  decide(members::join{{1, 20}, "127.0.0.1:20001", {}});
  world.advance(100ms);
  EXPECT_EQ(board->incarnation(), 21u);
  EXPECT_EQ(state_of(1), member_state::up);
}

TEST_F(membership_actor_test, who_leaves_does_not_come_back_and_accuses_nobody) {
  start_among_others();
  leave_group(actor, 0s);
  fall_silent(2);
  world.advance(2s);
  deny(2);
  world.advance(2s);
  EXPECT_EQ(heard<members::leave>().size(), 1u);
  EXPECT_EQ(state_of(1), member_state::down);
  EXPECT_EQ(board->incarnation(), 7u);
  EXPECT_THAT(heard<members::accuse>(), IsEmpty());
}

TEST_F(membership_actor_test, who_leaves_while_the_group_does_not_listen_says_it_again) {
  start_among_others();
  group->gives = outcome::unknown;
  leave_group(actor, 0s);
  world.advance(200ms);
  EXPECT_EQ(state_of(1), member_state::up);
  group->gives = outcome::done;
  world.advance(600ms);
  EXPECT_EQ(state_of(1), member_state::down);
}

TEST_F(membership_actor_test, a_silent_node_that_nobody_reaches_is_accused_and_one_that_is_heard_is_not) {
  start_among_others();
  decide(members::leave{{4, 1}});
  fall_silent(2);
  world.advance(100ms);
  EXPECT_THAT(asked_for(2), ElementsAre(3u)) << "of those that are up";
  deny(2);
  world.advance(300ms);
  ASSERT_EQ(heard<members::accuse>().size(), 1u);
  EXPECT_EQ(heard<members::accuse>()[0].subject, (node_life{2, 1}));
  EXPECT_THAT(asked_for(3), IsEmpty());
}

TEST_F(membership_actor_test, an_accusation_that_was_lost_with_a_leader_is_told_again_soon) {
  start_among_others();
  group->gives = outcome::unknown;
  fall_silent(2);
  world.advance(100ms);
  deny(2);
  world.advance(200ms);
  EXPECT_GE(heard<members::accuse>().size(), 3u);
}

TEST_F(membership_actor_test, an_echo_proves_a_node_alive) {
  start_among_others();
  fall_silent(2);
  world.advance(100ms);
  say(2, {.what = observer_message_kind::echo});
  deny(2);
  world.advance(300ms);
  EXPECT_THAT(heard<members::accuse>(), IsEmpty());
}

TEST_F(membership_actor_test,
       what_comes_by_another_channel_or_belongs_to_the_vantage_is_not_for_the_observer) {
  start_among_others();
  say(2, {.what = observer_message_kind::probe}, heartbeat_channel);
  EXPECT_THAT(*sent, IsEmpty());
  say(2, {.what = observer_message_kind::probe});
  ASSERT_EQ(sent->size(), 1u);
  EXPECT_EQ(sent->back().first, 2u);
  EXPECT_EQ(sent->back().second.what, observer_message_kind::echo);
}

TEST_F(membership_actor_test, a_node_that_was_never_heard_has_time_before_it_is_doubted) {
  start_among_others();
  decide(members::join{{4, 2}, "127.0.0.1:20001", {}});
  board->set_verdict(4, peer_state::down);
  decide(members::ready{{4, 2}});
  world.advance(500ms);
  EXPECT_THAT(asked_for(4), IsEmpty());
  board->begin_hearing(world.now());
  for (const std::uint32_t node : {2, 3}) board->set_verdict(node, peer_state::up);
  world.advance(1s);
  EXPECT_THAT(asked_for(4), IsEmpty()) << "the detector has begun anew";
  world.advance(400ms);
  EXPECT_FALSE(asked_for(4).empty());
  EXPECT_THAT(asked_for(3), IsEmpty()) << "which is heard";
}

TEST_F(membership_actor_test, a_node_is_watched_since_it_first_was_however_often_the_view_changes) {
  start_among_others();
  board->begin_hearing(world.now());
  for (const std::uint32_t node : {2, 3}) board->set_verdict(node, peer_state::up);
  for (std::uint64_t i = 2; i < 30; ++i) {
    world.advance(50ms);
    decide(members::join{{9, i}, "127.0.0.1:20001", {}});
  }
  EXPECT_FALSE(asked_for(4).empty());
}

TEST_F(membership_actor_test, one_that_is_accused_refutes) {
  start_among_others();
  std::uint32_t observer = 2;
  const auto seen = board->latest();
  while (observer < 4 && !testing::Value(seen->nodes().subjects_of(observer), testing::Contains(1u)))
    ++observer;
  decide(members::accuse{{observer, 1}, {1, 7}, 0});
  world.advance(100ms);
  EXPECT_EQ(heard<members::refute>().size(), 1u);
  EXPECT_EQ(state_of(1), member_state::up);
}

}  // namespace
}  // namespace bulwark::consensus
