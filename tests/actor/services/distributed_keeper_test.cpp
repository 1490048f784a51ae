// SPDX-License-Identifier: BSD-3-Clause
// Goal: what keeps a distributed child on a node goes on after starts that fail, crashes and its own end,
// and leaves nothing behind.
// Method: keepers of three nodes in virtual time beside a group in memory that the test makes deaf.
#include "distributed_keeper.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

TEST_F(distributed_keeper_test,
       whoever_follows_a_node_that_is_held_for_dead_waits_and_says_when_that_is_over) {
  start_all();
  group.at(2).is_heard = group.at(2).sees = false;
  const auto before = world.now();
  group.tell(members::command{members::join{{2, 2}, {}, {}}});
  world.advance(100ms);
  EXPECT_TRUE(owner(kept_name).must_wait);
  pass(4s);
  ASSERT_EQ(log->runs.size(), 2u);
  EXPECT_NE(log->runs[1].node, 2u);
  EXPECT_GE(log->runs[1].from, before + 2s);
  EXPECT_FALSE(owner(kept_name).must_wait) << "it is settled";
}

TEST_F(distributed_keeper_test, a_start_that_fails_gives_the_name_up_and_tries_again) {
  log->starts_to_fail = 2;
  start_node(2);
  enter(2, {"any"});
  pass(100ms);
  EXPECT_EQ(owner(kept_name).token, 0u);
  pass(2s);
  EXPECT_EQ(log->runs.size(), 1u);
  EXPECT_EQ(acting(), 1);
  const auto claims = group.claims_of(2);
  ASSERT_EQ(claims.size(), 3u);
  EXPECT_LT(claims[0].what.start, claims[1].what.start);
}

TEST_F(distributed_keeper_test, a_child_that_crashes_too_often_is_given_up_and_claimed_again) {
  start_all();
  for (int i = 0; i < 2; ++i) {
    caf::anon_send(caf::actor_cast<caf::actor>(log->runs.back().child), std::string{"crash"});
    world.advance(200ms);
  }
  ASSERT_EQ(log->runs.size(), 2u);
  EXPECT_EQ(log->runs[1].permit, log->runs[0].permit) << "a restart is of the same grant";
  EXPECT_EQ(acting(), 0);
  EXPECT_EQ(owner(kept_name).token, 0u);
  pass(1s);
  ASSERT_EQ(log->runs.size(), 3u);
  EXPECT_EQ(acting(), 1);
  EXPECT_EQ(answer(1, kept_name, 7), 207);
}

TEST_F(distributed_keeper_test, one_that_is_killed_takes_its_child_along_and_the_next_one_goes_on) {
  start_all();
  EXPECT_EQ(answer(1, kept_name, 7), 207);
  const auto ref = served(2);
  const auto before = group.claims_of(2).back().what.start;
  const auto killed = testkit::ask<kill_result>(world.system(), tree_of[2], kill_child{"counter", ""});
  world.drain();
  ASSERT_TRUE(killed->value && killed->value->error.empty());
  EXPECT_FALSE(is_up(0));
  EXPECT_FALSE(log->runs[0].permit->may_act(world.now()));
  EXPECT_EQ(ref_stats(ref).state, ref_state::closed);
  pass(1s);
  ASSERT_EQ(log->runs.size(), 2u);
  EXPECT_GT(group.claims_of(2).back().what.start, before + 1000) << "the one before may have counted far";
  EXPECT_EQ(answer(1, kept_name, 7), 207);
}

TEST_F(distributed_keeper_test, one_that_is_killed_for_good_serves_nothing_any_more) {
  given = make_stable_ref(world.system());
  start_all();
  ASSERT_TRUE(served(2));
  kill_now(tree_of[2]);
  world.drain();
  EXPECT_FALSE(served(2));
  EXPECT_FALSE(is_up(0));
  close(given, caf::exit_reason::normal);
}

TEST_F(distributed_keeper_test, a_tree_that_is_stopped_on_a_live_node_hands_its_child_over_at_once) {
  start_all();
  stop_tree(2);
  pass(100ms);
  ASSERT_EQ(log->runs.size(), 2u);
  EXPECT_NE(log->runs[1].node, 2u);
  EXPECT_FALSE(owner(kept_name).must_wait);
  EXPECT_TRUE(is_over(tree_of[2]));
  EXPECT_EQ(answer(2, kept_name, 7), 100 * static_cast<std::int32_t>(log->runs[1].node) + 7);
  EXPECT_EQ((group.orders_of<placing::decline, placing::command>(2).size()), 1u);
}

TEST_F(distributed_keeper_test, a_node_that_drains_hands_its_child_over_at_once) {
  start_all();
  group.tell(members::command{members::drain{group.at(2).life}});
  pass(100ms);
  ASSERT_EQ(log->runs.size(), 2u);
  EXPECT_NE(log->runs[1].node, 2u);
  EXPECT_FALSE(owner(kept_name).must_wait);
}

TEST_F(distributed_keeper_test, a_tree_that_is_killed_for_good_loses_its_child_to_another_node) {
  start_all();
  kill_now(tree_of[2]);
  pass(1900ms);
  EXPECT_EQ(log->runs.size(), 1u) << "it might come back";
  pass(1s);
  ASSERT_EQ(log->runs.size(), 2u);
  EXPECT_NE(log->runs[1].node, 2u);
  EXPECT_FALSE(owner(kept_name).must_wait);
}

TEST_F(distributed_keeper_test, what_still_runs_of_a_killed_tree_is_waited_for) {
  const auto old =
      host([](caf::event_based_actor*, int) -> caf::behavior { return {[](caf::unit_t) {}}; }, 0);
  start_all();
  kill_now(tree_of[2]);
  names(2).state()->keep_tree("counter", old);
  pass(10s);
  EXPECT_EQ(log->runs.size(), 1u);
  kill_now(old);
  pass(1s);
  EXPECT_EQ(log->runs.size(), 2u);
}

TEST_F(distributed_keeper_test, a_node_that_does_not_declare_a_child_passes_it_on_and_takes_it_once_it_does) {
  start_services(2);
  enter(2, {"any"});
  start_node(3);
  pass(1900ms);
  EXPECT_TRUE(log->runs.empty());
  pass(1s);
  EXPECT_TRUE(log->runs.empty()) << "node 3 is no member";
  start_node(1);
  enter(1, {"any"});
  pass(1s);
  ASSERT_EQ(log->runs.size(), 1u);
  EXPECT_EQ(log->runs[0].node, 1u);
  tree_of[2] = start("tree 2", {distributed_child(names(2), counter(2))});
  pass(100ms);
  EXPECT_EQ((group.orders_of<placing::offer, placing::command>(2).size()), 1u);
  bring_down(1);
  pass(4s);
  EXPECT_EQ(log->runs.back().node, 2u);
}

TEST_F(distributed_keeper_test, what_nobody_takes_over_is_declined_and_runs_where_it_was_when_that_is_back) {
  role = "second";
  start_all();
  stop_tree(2);
  pass(5s);
  EXPECT_EQ(log->runs.size(), 1u);
  EXPECT_EQ(owner(kept_name).token, 0u);
  forget_root("tree 2");
  tree_of[2] = start("tree 2", {distributed_child(names(2), counter(2))});
  pass(100ms);
  EXPECT_EQ(log->runs.size(), 2u);
  EXPECT_EQ(acting(), 1);
}

TEST_F(distributed_keeper_test, without_the_group_a_tree_stops_all_the_same) {
  start_all();
  group.at(2).is_heard = false;
  stop_tree(2);
  pass(1900ms);
  EXPECT_FALSE(is_over(tree_of[2])) << "the name is held";
  pass(300ms);
  EXPECT_TRUE(is_over(tree_of[2]));
  EXPECT_EQ(acting(), 0);
}

TEST_F(distributed_keeper_test, what_one_that_was_killed_held_is_given_up_if_the_child_belongs_elsewhere) {
  start_all();
  kill_now(keeper_of(2));
  group.tell(members::command{members::drain{group.at(2).life}});
  pass(3s);
  ASSERT_EQ(log->runs.size(), 2u);
  EXPECT_NE(log->runs[1].node, 2u);
  EXPECT_FALSE(owner(kept_name).must_wait);
}

TEST_F(distributed_keeper_test, what_one_that_was_killed_held_is_given_up_by_the_next_that_is_stopped) {
  const auto old =
      host([](caf::event_based_actor*, int) -> caf::behavior { return {[](caf::unit_t) {}}; }, 0);
  start_all();
  names(2).state()->keep_tree("counter", old);
  kill_now(keeper_of(2));
  pass(100ms);
  stop_tree(2);
  EXPECT_FALSE(is_over(tree_of[2])) << "the tree of the one before may run yet";
  EXPECT_TRUE(group.releases_of(2).empty());
  kill_now(old);
  pass(200ms);
  EXPECT_TRUE(is_over(tree_of[2]));
  EXPECT_EQ(group.releases_of(2).size(), 1u);
}

TEST_F(distributed_keeper_test, one_that_is_stopped_does_not_wait_for_the_tree_of_the_one_before_for_ever) {
  const auto old =
      host([](caf::event_based_actor*, int) -> caf::behavior { return {[](caf::unit_t) {}}; }, 0);
  names(2).state()->keep_tree("counter", old);
  start_node(2);
  enter(2, {"any"});
  stop_tree(2);
  pass(2200ms);
  EXPECT_TRUE(is_over(tree_of[2]));
  EXPECT_TRUE(group.releases_of(2).empty());
}

TEST_F(distributed_keeper_test, one_that_comes_back_waits_for_the_tree_of_the_one_before) {
  const auto old =
      host([](caf::event_based_actor*, int) -> caf::behavior { return {[](caf::unit_t) {}}; }, 0);
  names(2).state()->keep_tree("counter", old);
  start_node(2);
  enter(2, {"any"});
  pass(5s);
  EXPECT_TRUE(group.claims_of(2).empty());
  kill_now(old);
  pass(1s);
  EXPECT_EQ(log->runs.size(), 1u);
  EXPECT_EQ(acting(), 1);
  EXPECT_NE(names(2).state()->last_tree("counter"), old) << "but the one that runs now";
  EXPECT_TRUE(names(2).state()->last_tree("counter"));
}

TEST_F(distributed_keeper_test, one_that_is_stopped_gives_the_name_up_and_ends) {
  start_all();
  stop_tree(2);
  pass(500ms);
  EXPECT_TRUE(is_over(tree_of[2]));
  EXPECT_FALSE(is_up(0));
  ASSERT_EQ(group.releases_of(2).size(), 1u);
  EXPECT_NE(owner(kept_name).owner.node, 2u);
}

TEST_F(distributed_keeper_test, one_that_is_stopped_says_it_again_but_not_for_ever) {
  start_all();
  group.at(2).is_heard = false;
  stop_tree(2);
  pass(1s);
  EXPECT_FALSE(is_over(tree_of[2])) << "the group did not hear that the name is free";
  caf::anon_send_exit(keeper_of(2), caf::exit_reason::user_shutdown);
  pass(1200ms);
  EXPECT_TRUE(is_over(tree_of[2]));
}

TEST_F(distributed_keeper_test, one_that_is_stopped_is_heard_late) {
  start_all();
  group.at(2).is_heard = false;
  stop_tree(2);
  pass(1s);
  group.at(2).is_heard = true;
  pass(800ms);
  EXPECT_TRUE(is_over(tree_of[2]));
  EXPECT_EQ(group.releases_of(2).size(), 1u);
}

TEST_F(distributed_keeper_test, what_the_group_has_otherwise_is_said_again_now_and_then) {
  start_node(2);
  enter(2, {"any"});
  const auto said = [this] { return group.orders_of<placing::place, placing::command>(2); };
  pass(100ms);
  EXPECT_EQ(said().size(), 1u);
  group.tell(placing::command{placing::place{"counter", "other"}});
  pass(600ms);
  EXPECT_EQ(said().size(), 2u) << "the role differs";
  EXPECT_EQ(said().back().what.role, "any");
  group.tell(placing::command{placing::place{"counter", "any", 3}});
  pass(600ms);
  EXPECT_EQ(said().size(), 3u) << "the preferred node differs";
  group.at(2).sees = false;
  group.tell(placing::command{placing::forget{"counter"}});
  group.at(2).seen = std::make_shared<const membership_group>(group.now());
  pass(2s);
  EXPECT_GE(said().size(), 6u);
  EXPECT_LE(said().size(), 8u) << "what shows no effect is not said all the time";
}

TEST_F(distributed_keeper_test, how_busy_a_node_is_is_told_to_the_group) {
  enter(2);
  report_node_load(names(2), 700);
  world.drain();
  const auto said = group.orders_of<placing::report_load, placing::command>(2);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].what, (placing::report_load{{2, 1}, 700}));
}

}  // namespace
}  // namespace bulwark::test
