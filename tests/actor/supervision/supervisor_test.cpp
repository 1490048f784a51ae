// SPDX-License-Identifier: BSD-3-Clause
// Goal: a supervisor of real actors restarts what dies, keeps references valid, answers questions meanwhile
// and leaves nothing behind. Method: trees of real actors in a deterministic system under virtual time; the
// events it publishes are compared as a story.
#include <gmock/gmock.h>

#include "bulwark/testkit/probe.hpp"
#include "stuck_child.hpp"
#include "supervisor_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using namespace testkit;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using enum restart_strategy;

using supervisor_test = supervisor_fixture;

TEST_F(supervisor_test, starts_in_order_and_restarts_only_the_leaf_that_crashed) {
  start(one_for_one, {a.as_child(), b.as_child()});
  EXPECT_THAT(recorder.story(), ElementsAre("started a", "ready a", "started b", "ready b"));
  recorder.clear();
  tell(a.ref, "crash");
  EXPECT_THAT(recorder.story(), ElementsAre("exited a", "started a", "ready a", "restarted a"));
  EXPECT_THAT(recorder.events().front().reason.text, HasSubstr("poison"));
  EXPECT_EQ(successor_of(a.ref, 1), 2);
  EXPECT_EQ(ref_stats(b.ref).bindings, 1u);
}

TEST_F(supervisor_test, a_crash_under_rest_for_one_brings_back_those_behind_in_order) {
  start(rest_for_one, {a.as_child(), b.as_child(), c.as_child()});
  recorder.clear();
  tell(b.ref, "fail");
  EXPECT_THAT(recorder.story_of({event_kind::exited, event_kind::stopped, event_kind::restarted}),
              ElementsAre("exited b", "stopped c", "restarted b", "restarted c"));
  for (const auto* one : {&a, &b, &c}) EXPECT_EQ(successor_of(one->ref, 41), 42) << one->id;
}

TEST_F(supervisor_test, messages_are_held_until_a_child_reports_that_it_serves) {
  auto slow = a.as_child();
  caf::actor incarnation;
  slow.start = [start = slow.start, &incarnation](auto& system, const auto& supervisor) {
    return incarnation = start(system, supervisor).handle;
  };
  slow.reports_ready = true;
  start(one_for_one, {slow, b.as_child()});
  for (int i = 0; i < 5; ++i) caf::anon_send(a.ref, i);
  world.drain();
  EXPECT_THAT(*a.seen, IsEmpty());
  EXPECT_THAT(recorder.story(), ElementsAre("started a"));
  tell(incarnation, "ready");
  EXPECT_THAT(*a.seen, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(recorder.story(), ElementsAre("started a", "ready a", "started b", "ready b"));
  incarnation = nullptr;
}

TEST_F(supervisor_test, requests_in_flight_at_a_crash_get_an_error) {
  start(one_for_one, {a.as_child()});
  const auto held = ask<double>(world.system(), a.ref, 1.0);
  world.drain();
  caf::anon_send(a.ref, std::string{"crash"});
  const auto behind = ask<std::int64_t>(world.system(), a.ref, std::int64_t{1});
  world.drain();
  ASSERT_TRUE(held->error);
  EXPECT_EQ(*held->error, caf::sec::request_receiver_down);
  EXPECT_FALSE(behind->pending());
}

TEST_F(supervisor_test, a_killed_sub_supervisor_comes_back_with_all_its_children) {
  start(one_for_one,
        {a.as_child(), supervisor_child(below("sub", one_for_one, {b.as_child(), c.as_child()}))});
  const auto running = world.system().registry().running();
  recorder.clear();
  EXPECT_EQ(kill("sub").killed, "sub");
  EXPECT_THAT(recorder.story(), ElementsAre("exited sub", "started sub", "started sub/b", "ready sub/b",
                                            "started sub/c", "ready sub/c", "ready sub", "restarted sub"));
  EXPECT_EQ(successor_of(b.ref, 1), 2);
  EXPECT_EQ(successor_of(c.ref, 1), 2);
  EXPECT_EQ(world.system().registry().running(), running) << "the children of the killed one must have ended";
}

TEST_F(supervisor_test, a_sub_supervisor_that_gives_up_is_restarted_by_its_parent) {
  start(one_for_one, {supervisor_child(below("sub", one_for_one, {b.as_child()}, 0)), a.as_child()});
  recorder.clear();
  tell(b.ref, "crash");
  EXPECT_THAT(recorder.story(), ElementsAre("exited sub/b", "gave_up sub", "exited sub", "started sub",
                                            "started sub/b", "ready sub/b", "ready sub", "restarted sub"));
  EXPECT_EQ(successor_of(b.ref, 1), 2);
}

TEST_F(supervisor_test, the_tree_reaches_down_to_the_children_of_sub_supervisors) {
  start(rest_for_one,
        {a.as_child(), supervisor_child(below("sub", one_for_all, {b.as_child(), c.as_child()}))});
  tell(a.ref, "crash");
  world.advance(2s);
  const auto root = tree();
  EXPECT_EQ(root.strategy, "rest_for_one");
  ASSERT_THAT(root.children, SizeIs(2));
  EXPECT_EQ(root.children[0].restarts, 1u);
  EXPECT_EQ(root.children[0].uptime_ms, 2000u);
  EXPECT_THAT(root.children[0].last_reason, HasSubstr("poison"));
  const auto& sub = root.children[1];
  EXPECT_EQ(sub.kind + " " + sub.state + " " + sub.strategy, "supervisor up one_for_all");
  ASSERT_THAT(sub.children, SizeIs(2));
  EXPECT_EQ(sub.children[1].id + " " + sub.children[1].state, "c up");
  EXPECT_EQ(sub.children[1].mailbox, 0);
  EXPECT_EQ(find_path(root, "c"), "sub/c");
  EXPECT_EQ(find_path(root, "nobody"), "");
}

TEST_F(supervisor_test, paths_begin_below_the_root_even_if_the_root_reports_to_somebody) {
  testkit::probe listener{world};
  auto options = below("root", one_for_one, {supervisor_child(below("sub", one_for_one, {a.as_child()}))});
  options.parent = listener.handle();
  options.sink = recorder.sink();
  root_ = spawn_supervisor(world.system(), std::move(options));
  world.drain();
  EXPECT_EQ(recorder.count(event_kind::ready, "sub/a"), 1u);
  EXPECT_EQ(kill("sub/a").killed, "sub/a");
  EXPECT_EQ(recorder.count(event_kind::exited, "sub/a"), 1u);
  ask_to_stop(root_);
  world.advance(1s);
}

TEST_F(supervisor_test, a_silent_sub_supervisor_does_not_hold_up_the_tree) {
  auto silent = b.as_child();
  silent.spec.type = child_type::supervisor;
  silent.start = [](caf::actor_system& system, const caf::actor&) -> caf::actor {
    return system.spawn(
        [](service_actor* self, bool) -> caf::behavior {
          return {[self](const get_tree&) { return self->make_response_promise(); }};
        },
        true);
  };
  start(one_for_one, {a.as_child(), silent});
  const auto reply = ask<tree_node>(world.system(), root_, get_tree{200});
  world.advance(199ms);
  EXPECT_TRUE(reply->pending());
  EXPECT_EQ(successor_of(a.ref, 1), 2);
  EXPECT_EQ(kill("a").killed, "a") << "it answers other questions meanwhile";
  world.advance(1ms);
  ASSERT_TRUE(reply->value);
  EXPECT_EQ(reply->value->children[1].state, "silent");
}

TEST_F(supervisor_test, kills_by_path_and_says_what_is_wrong_with_one) {
  start(one_for_one, {a.as_child(), supervisor_child(below("sub", one_for_one, {b.as_child()}))});
  recorder.clear();
  EXPECT_EQ(kill("sub/b").killed, "sub/b");
  EXPECT_THAT(recorder.story(),
              ElementsAre("exited sub/b", "started sub/b", "ready sub/b", "restarted sub/b"));
  EXPECT_EQ(recorder.events().front().reason.kind, exit_kind::killed);
  EXPECT_EQ(kill("sub/x").error, "there is no actor \"sub/x\"");
  EXPECT_EQ(kill("").error, "there is no actor \"\"");
  EXPECT_EQ(kill("a/b").error, "\"a\" is a worker and has no children");
}

TEST_F(supervisor_test, a_kill_overtakes_the_backlog_of_its_victim) {
  auto busy = a.as_child();
  caf::actor incarnation;
  busy.start = [start = busy.start, &incarnation](auto& system, const auto& supervisor) {
    return incarnation = start(system, supervisor).handle;
  };
  start(one_for_one, {busy});
  for (int i = 0; i < 1000; ++i) caf::anon_send(incarnation, i);
  kill_now(incarnation);
  world.drain();
  EXPECT_THAT(*a.seen, IsEmpty());
  EXPECT_EQ(recorder.count(event_kind::restarted, "a"), 1u);
  incarnation = nullptr;
}

TEST_F(supervisor_test, a_failing_restart_is_retried_while_questions_are_answered) {
  auto fragile = a.as_child();
  bool broken = false;
  fragile.start = [start = fragile.start, &broken](auto& system, const auto& supervisor) {
    if (broken) throw std::runtime_error{"no socket"};
    return start(system, supervisor);
  };
  start(one_for_one, {fragile, b.as_child()});
  broken = true;
  tell(a.ref, "crash");
  caf::anon_send(a.ref, 7);
  EXPECT_EQ(tree().children[0].state, "waiting");
  EXPECT_EQ(tree().children[0].last_reason, "std::runtime_error: no socket");
  EXPECT_EQ(kill("a").error, "\"a\" is not running");
  EXPECT_EQ(successor_of(b.ref, 1), 2);
  broken = false;
  world.advance(10s);
  EXPECT_EQ(recorder.count(event_kind::restarted, "a"), 1u);
  EXPECT_THAT(*a.seen, ElementsAre(7));
}

TEST_F(supervisor_test, stops_in_reverse_order_closes_references_and_ends_with_the_reason_given) {
  start(one_for_one,
        {a.as_child(), supervisor_child(below("sub", one_for_one, {b.as_child(), c.as_child()}))});
  std::optional<caf::error> root_reason;
  const auto watcher = world.system().spawn(
      [&root_reason](caf::event_based_actor* self, const caf::actor& root) -> caf::behavior {
        self->monitor(root);
        self->set_down_handler([&root_reason, self](caf::down_msg& down) {
          root_reason = down.reason;
          self->quit();
        });
        return {[](int) {}};
      },
      root_);
  world.drain();
  recorder.clear();
  caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
  world.drain();
  EXPECT_THAT(recorder.story(), ElementsAre("stopped sub/c", "stopped sub/b", "stopped sub", "stopped a"));
  ASSERT_TRUE(root_reason);
  EXPECT_EQ(*root_reason, caf::exit_reason::user_shutdown);
  for (const auto* one : {&a, &b, &c}) EXPECT_EQ(ref_stats(one->ref).state, ref_state::closed) << one->id;
  EXPECT_EQ(successor_of(a.ref, 1), 0) << "a closed reference answers with an error";
}

TEST_F(supervisor_test, a_child_that_ended_for_good_answers_requests_with_an_error) {
  auto done = a.as_child();
  done.spec.restart = restart_type::transient;
  start(one_for_one, {done, b.as_child()});
  tell(a.ref, "quit");
  EXPECT_EQ(ref_stats(a.ref).state, ref_state::vacant);
  EXPECT_EQ(successor_of(a.ref, 1), 0);
}

TEST_F(supervisor_test, a_first_start_that_fails_ends_the_supervisor_with_a_readable_reason) {
  auto broken = b.as_child();
  broken.start = [](caf::actor_system&, const caf::actor&) -> caf::actor {
    throw std::runtime_error{"port in use"};
  };
  start(one_for_one, {a.as_child(), broken});
  EXPECT_THAT(recorder.events(), Contains(gave_up("")));
  EXPECT_THAT(recorder.events().back().path, "a");
  EXPECT_THAT(recorder.story(),
              ElementsAre("started a", "ready a", "started b", "start_failed b", "gave_up ", "stopped a"));
  root_ = nullptr;
}

TEST_F(supervisor_test, a_child_that_outlives_its_kill_is_abandoned_and_replaced) {
  stuck_child stuck{a};
  stuck.what.spec.shutdown = shutdown_policy::brutal_kill();
  start(rest_for_one, {b.as_child(), stuck.what});
  caf::anon_send(a.ref, 1);
  stuck.await_stuck();
  recorder.clear();
  tell(b.ref, "crash");  // takes a along
  EXPECT_THAT(recorder.story(), ElementsAre("exited b"));
  world.advance(5s);
  EXPECT_THAT(recorder.story_of({event_kind::abandoned, event_kind::restarted}),
              ElementsAre("abandoned a", "restarted b", "restarted a"));
  EXPECT_EQ(successor_of(a.ref, 1), 2);
  stuck.release(world.system(), 3);
  world.drain();
  EXPECT_EQ(successor_of(a.ref, 1), 2);
}

TEST_F(supervisor_test, a_child_that_hangs_within_a_message_is_reported_abandoned_and_replaced) {
  stuck_child stuck{a};
  stuck.what.spec.progress_limit = 1s;
  start(one_for_one, {stuck.what});
  world.advance(1min);  // being idle is no hanging
  EXPECT_EQ(recorder.count(event_kind::hung, "a"), 0u);
  caf::anon_send(a.ref, 1);
  stuck.await_stuck();
  recorder.clear();
  world.advance(1250ms);
  EXPECT_THAT(recorder.story(), ElementsAre("hung a", "started a", "ready a", "restarted a"));
  EXPECT_EQ(recorder.events().front().reason.category, "hung");
  EXPECT_EQ(successor_of(a.ref, 1), 2);
  stuck.release(world.system(), 2);
  world.advance(1min);
  EXPECT_EQ(recorder.count(event_kind::exited, "a"), 0u)
      << "its end must not be taken for that of its successor";
}

TEST_F(supervisor_test, a_tree_that_is_stopped_within_a_time_names_who_hangs) {
  stuck_child stuck{b};
  stuck.what.spec.shutdown = shutdown_policy::infinity();
  start(one_for_one, {a.as_child(), supervisor_child(below("sub", one_for_one, {stuck.what}))});
  caf::anon_send(b.ref, 1);
  stuck.await_stuck();
  const auto report = ask<stop_report>(world.system(), root_, stop_tree{8000});
  world.advance(8s);
  root_ = nullptr;
  ASSERT_TRUE(report->value);
  EXPECT_THAT(report->value->abandoned, ElementsAre("sub/b"));
  stuck.release(world.system(), 0);
}

TEST_F(supervisor_test, an_invalid_tree_is_refused_at_once) {
  EXPECT_THROW(start(one_for_one, {a.as_child(), a.as_child()}), std::invalid_argument);
  EXPECT_THROW(start(one_for_one, {child{}}), std::invalid_argument);
}

TEST_F(supervisor_test, ten_thousand_crashes_leave_nothing_behind) {
  auto restless = a.as_child();
  restless.spec.delays.reset_after = 0s;  // every restart is immediate
  start(one_for_one, {restless, b.as_child()}, supervisor_flags::unlimited);
  const auto running = world.system().registry().running();
  for (int i = 0; i < 10'000; ++i) tell(a.ref, i % 2 == 0 ? "crash" : "fail");
  EXPECT_EQ(recorder.count(event_kind::restarted, "a"), 10'000u);
  EXPECT_EQ(world.system().registry().running(), running);
  EXPECT_EQ(successor_of(a.ref, 1), 2);
}

}  // namespace
}  // namespace bulwark
