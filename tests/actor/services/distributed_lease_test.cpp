// SPDX-License-Identifier: BSD-3-Clause
// Goal: a distributed child acts only under a token that holds, stops before its lease ends, and is given up
// only when it has stopped.
// Method: keepers of three nodes in virtual time beside a group in memory that the test makes slow, deaf or
// of another mind.
#include "distributed_keeper.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

TEST_F(distributed_keeper_test, it_runs_under_its_token_and_is_found_by_all) {
  start_all();
  const auto entry = owner(kept_name);
  EXPECT_EQ(log->runs[0].permit->token(), entry.token);
  for (std::uint32_t from = 1; from <= 3; ++from) EXPECT_EQ(answer(from, kept_name, 7), 207);
  pass(10s);
  EXPECT_EQ(log->runs.size(), 1u);
  EXPECT_EQ(acting(), 1) << "the lease was renewed";
  EXPECT_LE(group.questions.size(), 15u) << "but not more often than needed";
  EXPECT_EQ(recorder.count(event_kind::started, "counter"), 1u);
}

TEST_F(distributed_keeper_test, the_lease_counts_from_when_the_group_was_asked) {
  group.at(2).is_answered = false;
  start_node(2);
  enter(2, {"any"});
  world.advance(400ms);
  ASSERT_EQ(group.claims_of(2).size(), 1u);
  const auto asked = group.claims_of(2).front().at;
  EXPECT_TRUE(log->runs.empty());
  let_answers_come(2);
  ASSERT_EQ(log->runs.size(), 1u);
  const auto permit = log->runs[0].permit;
  EXPECT_TRUE(permit->may_act(asked + 2s - 1ns));
  EXPECT_FALSE(permit->may_act(asked + 2s));
  while (group.questions.empty()) world.advance(5ms);
  const auto renewed = group.questions.front().at;
  world.advance(100ms);
  let_answers_come(2);
  EXPECT_TRUE(permit->may_act(renewed + 2s - 1ns));
  EXPECT_FALSE(permit->may_act(renewed + 2s));
}

TEST_F(distributed_keeper_test, a_question_that_nobody_can_answer_ends_nothing) {
  start_all();
  group.at(2).is_refused = true;
  pass(1500ms);
  group.at(2).is_refused = false;
  pass(5s);
  EXPECT_EQ(log->runs.size(), 1u);
  EXPECT_EQ(acting(), 1);
}

TEST_F(distributed_keeper_test, cut_off_it_ends_before_its_lease_and_goes_on_later) {
  start_all();
  group.at(2).is_heard = group.at(2).sees = false;
  const auto end = [&] {
    return group.questions.empty() ? log->runs[0].from + 2s : group.questions.back().at + 2s;
  };
  while (is_up(0) && world.now() < end()) pass(5ms);
  EXPECT_FALSE(is_up(0));
  EXPECT_LT(world.now(), end());
  EXPECT_EQ(acting(), 0);
  pass(5s);
  EXPECT_EQ(log->runs.size(), 1u);
  group.at(2).is_heard = group.at(2).sees = true;
  group.show();
  pass(1s);
  ASSERT_EQ(log->runs.size(), 2u);
  EXPECT_GT(log->runs[1].permit->token(), log->runs[0].permit->token());
  EXPECT_EQ(answer(1, kept_name, 7), 207);
}

TEST_F(distributed_keeper_test, a_token_that_holds_no_more_ends_the_permit_before_the_child_has_stopped) {
  start_all();
  log->stops = false;
  group.at(2).sees = false;
  group.tell(members::command{members::join{{2, 2}, {}, {}}});
  const auto asked = group.questions.size();
  while (group.questions.size() == asked) world.advance(5ms);
  EXPECT_EQ(acting(), 0);
  EXPECT_TRUE(is_up(0)) << "it does not stop at once";
  pass(300ms);
  EXPECT_FALSE(is_up(0));
}

TEST_F(distributed_keeper_test, a_child_of_another_life_of_the_node_does_not_run) {
  start_all();
  group.at(2).life.incarnation = 2;
  group.show();
  pass(100ms);
  EXPECT_EQ(acting(), 0);
  EXPECT_FALSE(is_up(0));
}

TEST_F(distributed_keeper_test, one_that_moves_is_given_up_only_when_it_has_stopped) {
  start_all();
  EXPECT_EQ(answer(1, kept_name, 7), 207);
  log->stops = false;
  const auto ref = served(2);
  ASSERT_TRUE(ref);
  group.tell(members::command{members::drain{group.at(2).life}});
  pass(100ms);
  EXPECT_EQ(owner(kept_name).owner.node, 2u);
  EXPECT_TRUE(is_up(0));
  pass(200ms);
  EXPECT_FALSE(is_up(0)) << "it is killed within its time";
  EXPECT_FALSE(served(2));
  EXPECT_EQ(ref_stats(ref).state, ref_state::closed);
  pass(1s);
  ASSERT_EQ(log->runs.size(), 2u);
  EXPECT_NE(log->runs[1].node, 2u);
  EXPECT_FALSE(owner(kept_name).must_wait);
  EXPECT_EQ(answer(2, kept_name, 7), static_cast<std::int32_t>(100 * log->runs[1].node + 7));
}

TEST_F(distributed_keeper_test, a_reference_of_its_own_is_left_open_and_served_no_more) {
  given = make_stable_ref(world.system());
  start_all();
  EXPECT_EQ(served(2), given);
  caf::anon_send(tree_of[2], terminate_child{"counter"});
  pass(300ms);
  EXPECT_FALSE(served(2));
  EXPECT_NE(ref_stats(given).state, ref_state::closed);
  close(given, caf::exit_reason::normal);
  for (const std::uint32_t node : {1, 3}) stop_tree(node);
}

TEST_F(distributed_keeper_test, a_child_that_may_take_for_ever_has_a_bound_too) {
  shutdown = shutdown_policy::infinity();
  start_all();
  log->stops = false;
  group.tell(members::command{members::drain{group.at(2).life}});
  pass(300ms);
  EXPECT_FALSE(is_up(0));
}

TEST_F(distributed_keeper_test, a_child_that_is_to_be_killed_is_killed_at_once) {
  shutdown = shutdown_policy::brutal_kill();
  start_all();
  log->stops = false;
  group.tell(members::command{members::drain{group.at(2).life}});
  world.drain();
  EXPECT_FALSE(is_up(0));
}

}  // namespace
}  // namespace bulwark::test
