// SPDX-License-Identifier: BSD-3-Clause
// Goal: a supervisor of real actors takes OTP's orders, with OTP's errors as typed values, and answers when
// what was ordered has happened. Method: real actors under virtual time; the cases of OTP's suite that go
// through its interface.
#include <gmock/gmock.h>

#include "orders_fixture.hpp"

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

TEST_F(supervisor_orders, go_through_the_whole_cycle_with_the_errors_of_otp) {
  start(one_for_one, {});
  EXPECT_EQ(counts(), "0 0 0 0");
  EXPECT_EQ(give(terminate_child{"a"}), "not_found");
  EXPECT_EQ(start_by(restart_child{"a"}), "not_found");
  EXPECT_EQ(give(delete_child{"a"}), "not_found");
  EXPECT_EQ(start_by(start_child{a.as_child()}), "a");
  EXPECT_EQ(counts(), "1 1 0 1");
  EXPECT_THAT(states(), ElementsAre("a up"));
  EXPECT_EQ(start_by(start_child{a.as_child()}), "already_started");
  EXPECT_EQ(start_by(restart_child{"a"}), "running");
  EXPECT_EQ(give(delete_child{"a"}), "running");
  EXPECT_EQ(give(terminate_child{"a"}), "ok");
  EXPECT_EQ(give(terminate_child{"a"}), "ok");
  EXPECT_EQ(counts(), "1 0 0 1");
  EXPECT_THAT(states(), ElementsAre("a down null"));
  EXPECT_EQ(start_by(start_child{a.as_child()}), "already_present");
  EXPECT_EQ(start_by(restart_child{"a"}), "a");
  EXPECT_EQ(successor_of(a.ref, 1), 2);
  EXPECT_EQ(give(terminate_child{"a"}), "ok");
  EXPECT_EQ(give(delete_child{"a"}), "ok");
  EXPECT_EQ(counts(), "0 0 0 0");
  EXPECT_EQ(start_by(start_pool_child{}), "simple_one_for_one");
}

TEST_F(supervisor_orders, to_a_supervisor_that_is_gone_fail) {
  start(one_for_one, {a.as_child()});
  const auto gone = root_;
  caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
  world.drain();
  root_ = nullptr;
  const auto reply = ask<child_counts>(world.system(), gone, count_children{});
  world.drain();
  ASSERT_TRUE(reply->error);
  EXPECT_EQ(*reply->error, caf::sec::request_receiver_down);
}

TEST_F(supervisor_orders, specs_that_cannot_work_are_refused_with_the_reason) {
  start(one_for_one, {});
  auto nameless = a.as_child();
  nameless.spec.id.clear();
  const auto reply = launch(start_child{nameless});
  ASSERT_TRUE(reply->error);
  EXPECT_THAT(error_text(*reply->error), HasSubstr("a child needs an id"));
  auto idle = a.as_child();
  idle.start = {};
  EXPECT_EQ(start_by(start_child{idle}), "invalid_spec");
  auto significant = with(a, restart_type::transient);
  significant.spec.significant = true;
  EXPECT_EQ(start_by(start_child{significant}), "invalid_spec") << "as the supervisor never shuts down";
  EXPECT_EQ(counts(), "0 0 0 0");
}

TEST_F(supervisor_orders, a_start_that_fails_is_answered_with_the_cause_and_leaves_nothing) {
  start(one_for_one, {}, 0);
  broken = true;
  const auto reply = launch(start_child{fragile(a)});
  ASSERT_TRUE(reply->error);
  EXPECT_EQ(words_of(*reply->error), "start_failed");
  EXPECT_THAT(error_text(*reply->error), HasSubstr("std::runtime_error: no socket"));
  EXPECT_EQ(counts(), "0 0 0 0");
}

TEST_F(supervisor_orders, a_restart_that_fails_is_answered_with_the_cause_and_leaves_the_child_down) {
  start(one_for_one, {fragile(a)}, 0);
  EXPECT_EQ(give(terminate_child{"a"}), "ok");
  broken = true;
  EXPECT_EQ(start_by(restart_child{"a"}), "start_failed");
  EXPECT_THAT(states(), ElementsAre("a down null"));
  broken = false;
  EXPECT_EQ(start_by(restart_child{"a"}), "a");
}

TEST_F(supervisor_orders, are_answered_while_a_restart_keeps_failing) {
  for (const auto strategy : {one_for_one, rest_for_one}) {
    start(strategy, {b.as_child()});
    EXPECT_EQ(start_by(start_child{fragile(a)}), "a");
    broken = true;
    tell(a.ref, "crash");
    EXPECT_EQ(start_by(start_child{fragile(a)}), "already_started");
    EXPECT_EQ(start_by(restart_child{"a"}), "restarting");
    EXPECT_EQ(give(delete_child{"a"}), "restarting");
    EXPECT_THAT(states(), ElementsAre("b up", "a waiting null"));
    EXPECT_EQ(counts(), "2 1 0 2");
    EXPECT_EQ(give(terminate_child{"a"}), "ok") << "it ends the loop";
    world.advance(1min);
    EXPECT_THAT(states(), ElementsAre("b up", "a down null"));
    caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
    root_ = nullptr;
    world.drain();
    broken = false;
    a = test_worker{world.system(), "a"};
    b = test_worker{world.system(), "b"};
  }
}

TEST_F(supervisor_orders, a_start_is_answered_once_the_child_is_ready) {
  start(one_for_one, {});
  auto slow = a.as_child();
  slow.reports_ready = true;
  caf::actor incarnation;
  slow.start = [start = slow.start, &incarnation](auto& system, const auto& supervisor) {
    return incarnation = start(system, supervisor).handle;
  };
  const auto reply = launch(start_child{slow});
  EXPECT_TRUE(reply->pending());
  EXPECT_THAT(states(), ElementsAre("a starting"));
  tell(incarnation, "ready");
  ASSERT_TRUE(reply->value);
  EXPECT_EQ(reply->value->handle, a.ref) << "what outlives the incarnation";
  incarnation = nullptr;
}

TEST_F(supervisor_orders, a_terminate_is_answered_once_the_child_is_down) {
  auto deaf = a.as_child();
  deaf.spec.shutdown = shutdown_policy::within(2s);
  deaf.start = [](caf::actor_system& system, const caf::actor&) -> caf::actor {
    return system.spawn(
        [](service_actor* self, bool) -> caf::behavior {
          self->set_exit_handler([](caf::exit_msg&) {});
          return {[](int) {}};
        },
        true);
  };
  start(one_for_one, {deaf});
  const auto reply = ask<caf::ok_atom>(world.system(), root_, terminate_child{"a"});
  world.advance(1999ms);
  EXPECT_TRUE(reply->pending());
  world.advance(1ms);
  EXPECT_TRUE(reply->value);
  EXPECT_THAT(recorder.events().back().reason.kind, exit_kind::killed);
}

TEST_F(supervisor_orders, a_start_function_that_gives_no_actor_has_failed) {
  auto empty = a.as_child();
  empty.start = [](caf::actor_system&, const caf::actor&) { return start_result{caf::actor{}}; };
  start(one_for_one, {});
  const auto reply = launch(start_child{empty});
  ASSERT_TRUE(reply->error);
  EXPECT_THAT(error_text(*reply->error), HasSubstr("its start function gave no actor"));
  EXPECT_THAT(states(), IsEmpty());
}

TEST_F(supervisor_orders, what_a_start_function_says_beyond_its_actor_comes_back) {
  start(one_for_one, {});
  auto talkative = a.as_child();
  talkative.start = [start = talkative.start](auto& system, const auto& supervisor) {
    return start_result{start(system, supervisor).handle, caf::make_message(42)};
  };
  const auto reply = launch(start_child{talkative});
  ASSERT_TRUE(reply->value);
  EXPECT_EQ(reply->value->info.get_as<int>(0), 42);
  tell(a.ref, "crash");
  EXPECT_EQ(successor_of(a.ref, 1), 2) << "in a restart it is of no concern";
}

TEST_F(supervisor_orders, a_child_that_has_nothing_to_serve_is_kept_down_unless_it_is_temporary) {
  const auto nothing = [](caf::actor_system&, const caf::actor&) { return start_result::ignore(); };
  auto kept = a.as_child(), dropped = with(b, restart_type::temporary);
  kept.start = nothing;
  dropped.start = nothing;
  start(one_for_one, {kept, dropped, c.as_child()});
  EXPECT_THAT(states(), ElementsAre("a down null", "c up"));
  EXPECT_EQ(counts(), "2 1 0 2");
  const auto reply = launch(start_child{dropped});
  ASSERT_TRUE(reply->value);
  EXPECT_EQ(reply->value->handle, nullptr);
  EXPECT_EQ(counts(), "2 1 0 2");
}

TEST_F(supervisor_orders, show_the_spec_of_a_child) {
  start(one_for_one, {with(a, restart_type::transient)});
  const auto found = ask<child_spec>(world.system(), root_, get_childspec{"a"});
  const auto missing = ask<child_spec>(world.system(), root_, get_childspec{"x"});
  world.drain();
  ASSERT_TRUE(found->value);
  EXPECT_EQ(found->value->restart, restart_type::transient);
  EXPECT_EQ(found->value->shutdown, shutdown_policy::within(5s));
  ASSERT_TRUE(missing->error);
  EXPECT_EQ(words_of(*missing->error), "not_found");
}

TEST_F(supervisor_orders, change_specs_and_flags_of_a_supervisor_that_runs) {
  start(one_for_one, {a.as_child(), b.as_child()});
  supervisor_flags flags;
  flags.strategy = one_for_all;
  flags.intensity = 100;
  EXPECT_EQ(give(change_supervisor{flags, {with(a, restart_type::temporary), c.as_child()}}), "ok");
  EXPECT_THAT(states(), ElementsAre("a up", "b up", "c down null"));
  recorder.clear();
  tell(b.ref, "crash");
  EXPECT_THAT(states(), ElementsAre("b up", "c up")) << "one_for_all, and a is temporary now";
  EXPECT_EQ(give(change_supervisor{flags, {a.as_child(), a.as_child()}}), "invalid_spec");
  auto idle = a.as_child();
  idle.start = {};
  EXPECT_EQ(give(change_supervisor{flags, {idle}}), "invalid_spec");
}

TEST_F(supervisor_orders, a_changed_child_comes_back_as_it_is_now_said_to_be) {
  start(one_for_one, {a.as_child()});
  auto changed = b.as_child();
  changed.spec.id = "a";
  EXPECT_EQ(give(change_supervisor{{.intensity = 100}, {changed}}), "ok");
  tell(a.ref, "crash");
  EXPECT_EQ(successor_of(b.ref, 1), 2) << "the new reference follows the new incarnation";
  caf::anon_send(b.ref, 7);
  world.drain();
  EXPECT_THAT(*b.seen, ElementsAre(7));
}

}  // namespace
}  // namespace bulwark
