// SPDX-License-Identifier: BSD-3-Clause
// Goal: starts, stops and restarts come in the right order, cost what they should, and nothing stale has an
// effect. Method: a plan in a world that obliges, except where a test makes it slow, deaf or broken; the
// orders are compared word by word.
#include <gmock/gmock.h>

#include "plan_run.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using enum restart_strategy;

std::vector<child_spec> abc() { return {named("a"), named("b"), named("c")}; }

TEST(restart_plan_start, each_child_starts_when_the_one_before_it_is_ready) {
  plan_run run{flags_of(one_for_one), abc()};
  run.slow_to_start = {"a", "b"};
  run.begin();
  EXPECT_THAT(run.orders(), ElementsAre("start a#1"));
  run.become_ready("a");
  EXPECT_THAT(run.orders(), ElementsAre("start b#1"));
  run.become_ready("b");
  EXPECT_THAT(run.orders(), ElementsAre("start c#1", "all_ready"));
}

TEST(restart_plan_start, without_children_it_is_ready_at_once) {
  plan_run run{flags_of(one_for_one), {}};
  run.begin();
  EXPECT_THAT(run.orders(), ElementsAre("all_ready"));
  run.take(plan::stop_all{});
  EXPECT_THAT(run.orders(), ElementsAre("stopped"));
}

TEST(restart_plan_start, a_first_start_that_fails_ends_the_supervisor) {
  plan_run run{flags_of(one_for_one), abc()};
  run.broken = {"c"};
  run.begin();
  EXPECT_THAT(run.orders(),
              ElementsAre("start a#1", "start b#1", "start c#1", "stop b#1", "stop a#1", "gave_up"));
  EXPECT_THAT(run.why_gave_up, HasSubstr("\"c\" failed to start: broken"));
}

TEST(restart_plan_start, a_child_that_is_not_ready_in_time_has_failed) {
  auto specs = abc();
  specs[1].start_timeout = 2s;
  plan_run run{flags_of(one_for_one), specs};
  run.slow_to_start = {"b"};
  run.begin();
  run.orders();
  run.advance(1999ms);
  EXPECT_THAT(run.orders(), IsEmpty());
  run.advance(1ms);
  EXPECT_THAT(run.orders(), ElementsAre("kill b#1", "stop a#1", "gave_up"));
  EXPECT_THAT(run.why_gave_up, HasSubstr("not ready within 2000 ms"));
}

TEST(restart_plan_stop, children_stop_in_reverse_order_one_at_a_time) {
  plan_run run{flags_of(one_for_one), abc()};
  run.deaf = {"c"};
  run.begin();
  run.orders();
  run.take(plan::stop_all{});
  EXPECT_THAT(run.orders(), ElementsAre("stop c#1"));
  run.crash("c", exit_kind::shutdown);
  EXPECT_THAT(run.orders(), ElementsAre("stop b#1", "stop a#1", "stopped"));
}

TEST(restart_plan_stop, each_shutdown_policy_is_honoured) {
  auto specs = abc();
  specs[0].shutdown = shutdown_policy::infinity();
  specs[1].shutdown = shutdown_policy::within(3s);
  specs[2].shutdown = shutdown_policy::brutal_kill();
  plan_run run{flags_of(one_for_one), specs};
  run.deaf = {"a", "b"};
  run.begin();
  run.orders();
  run.take(plan::stop_all{});
  EXPECT_THAT(run.orders(), ElementsAre("kill c#1", "stop b#1"));
  run.advance(3s);
  EXPECT_THAT(run.orders(), ElementsAre("kill b#1", "stop a#1"));
  run.advance(24h);
  EXPECT_THAT(run.orders(), IsEmpty());
  run.crash("a", exit_kind::normal);
  EXPECT_THAT(run.orders(), ElementsAre("stopped"));
}

TEST(restart_plan_stop, a_child_that_outlives_its_kill_is_abandoned) {
  auto flags = flags_of(one_for_one);
  flags.kill_limit = 1s;
  plan_run run{flags, abc()};
  run.immortal = {"b"};
  run.begin();
  run.orders();
  run.take(plan::stop_all{});
  run.advance(5s);
  EXPECT_THAT(run.orders(), ElementsAre("stop c#1", "stop b#1", "kill b#1"));
  run.advance(1s);
  EXPECT_THAT(run.orders(), ElementsAre("abandon b#1", "stop a#1", "stopped"));
}

TEST(restart_plan_restart, an_abandoned_incarnation_has_no_say_any_more) {
  plan_run run{flags_of(one_for_one), abc()};
  run.immortal = {"b"};
  run.begin();
  run.take(plan::restart{"b"});
  run.advance(10s);
  EXPECT_EQ(run.state("b"), "up");
  run.orders();
  run.take(plan::child_exited{"b", 1, {exit_kind::killed, "at last"}});
  EXPECT_THAT(run.orders(), IsEmpty());
  EXPECT_EQ(run.state("b"), "up");
}

TEST(restart_plan_restart, exits_and_readiness_of_old_generations_and_strangers_are_ignored) {
  plan_run run{flags_of(one_for_one), abc()};
  run.begin();
  run.crash("b");
  run.orders();
  run.take(plan::child_exited{"b", 1, {exit_kind::failure, "late"}});
  run.take(plan::child_ready{"b", 1});
  run.take(plan::start_failed{"b", 1, "late"});
  run.take(plan::child_exited{"x", 1, {exit_kind::failure, "stranger"}});
  EXPECT_THAT(run.orders(), IsEmpty());
  EXPECT_EQ(run.plan.find_child("b")->restarts, 1u);
}

TEST(restart_plan_restart, rest_for_one_stops_and_starts_only_what_is_behind) {
  plan_run run{flags_of(rest_for_one), {named("1"), named("2"), named("3"), named("4"), named("5")}};
  run.begin();
  run.orders();
  run.crash("3");
  EXPECT_THAT(run.orders(), ElementsAre("stop 5#1", "stop 4#1", "start 3#2", "start 4#2", "start 5#2"));
}

TEST(restart_plan_restart, simultaneous_deaths_in_a_group_cost_one_restart) {
  plan_run run{flags_of(one_for_all, 1), abc()};
  run.deaf = {"c"};
  run.begin();
  run.crash("a");
  run.crash("b");
  run.crash("c");
  EXPECT_EQ(run.why_gave_up, "");
  EXPECT_EQ(run.state("a") + run.state("b") + run.state("c"), "upupup");
}

TEST(restart_plan_restart, a_temporary_bystander_of_a_group_is_not_restarted) {
  plan_run run{flags_of(one_for_all), {named("a"), named("t", restart_type::temporary), named("c")}};
  run.begin();
  run.orders();
  run.crash("c");
  EXPECT_THAT(run.orders(), ElementsAre("stop t#1", "drop t", "stop a#1", "start a#2", "start c#2"));
}

TEST(restart_plan_restart, a_group_brings_back_who_had_ended_or_was_terminated) {
  plan_run run{flags_of(one_for_all), {named("a"), named("b", restart_type::transient), named("c")}};
  run.begin();
  run.crash("b", exit_kind::normal);
  run.take(plan::terminate{"c"});
  EXPECT_EQ(run.state("b") + " " + run.state("c"), "down down");
  run.crash("a");
  EXPECT_EQ(run.state("a") + run.state("b") + run.state("c"), "upupup");
}

TEST(restart_plan_restart, when_a_sibling_fails_to_restart_one_for_all_begins_afresh) {
  plan_run run{flags_of(one_for_all), abc()};
  run.begin();
  run.orders();
  run.broken = {"b"};
  run.crash("a");
  EXPECT_THAT(run.orders(), ElementsAre("stop c#1", "stop b#1", "start a#2", "start b#2", "stop a#2"));
  run.broken.clear();
  run.advance(1s);
  EXPECT_THAT(run.orders(), ElementsAre("start a#3", "start b#3", "start c#2"));
}

TEST(restart_plan_restart, when_a_sibling_fails_to_restart_rest_for_one_keeps_those_before_it) {
  plan_run run{flags_of(rest_for_one), abc()};
  run.begin();
  run.orders();
  run.broken = {"b"};
  run.crash("a");
  EXPECT_THAT(run.orders(), ElementsAre("stop c#1", "stop b#1", "start a#2", "start b#2"));
  run.broken.clear();
  run.advance(1s);
  EXPECT_THAT(run.orders(), ElementsAre("start b#3", "start c#2"));
}

TEST(restart_plan_restart, a_failing_restart_is_retried_with_growing_delays_until_the_budget_is_spent) {
  auto specs = abc();
  specs[1].delays = {.initial = 100ms, .max = 10s, .factor = 2, .jitter = 0, .reset_after = 3s};
  plan_run run{flags_of(one_for_one, 4), specs};
  run.begin();
  run.orders();
  run.broken = {"b"};
  run.crash("b");
  EXPECT_THAT(run.orders(), ElementsAre("start b#2"));  // the first restart is immediate
  run.advance(99ms);
  EXPECT_THAT(run.orders(), IsEmpty());
  run.advance(1ms);
  EXPECT_THAT(run.orders(), ElementsAre("start b#3"));
  run.advance(200ms);
  EXPECT_THAT(run.orders(), ElementsAre("start b#4"));
  run.advance(400ms);  // the fifth attempt within the period is one too many
  EXPECT_THAT(run.orders(), ElementsAre("start b#5", "stop c#1", "stop a#1", "gave_up"));
}

TEST(restart_plan_restart, crashes_in_quick_succession_are_delayed_and_health_forgives) {
  auto specs = abc();
  specs[0].delays = {.initial = 100ms, .max = 10s, .factor = 2, .jitter = 0, .reset_after = 3s};
  plan_run run{flags_of(one_for_one), specs};
  run.begin();
  run.orders();
  run.crash("a");
  run.crash("a");
  EXPECT_THAT(run.orders(), ElementsAre("start a#2"));
  run.advance(100ms);
  EXPECT_THAT(run.orders(), ElementsAre("start a#3"));
  run.advance(3s);
  run.crash("a");
  EXPECT_THAT(run.orders(), ElementsAre("start a#4"));
}

TEST(restart_plan_restart, a_terminated_child_is_not_resurrected_by_a_restart_that_was_due) {
  plan_run run{flags_of(one_for_one), abc()};
  run.begin();
  run.broken = {"b"};
  run.crash("b");
  run.broken.clear();
  run.orders();
  run.take(plan::terminate{"b"});
  run.take(plan::terminate{"b"});
  EXPECT_THAT(run.orders(), ElementsAre("gone b"));
  run.advance(1min);
  EXPECT_THAT(run.orders(), IsEmpty());
}

TEST(restart_plan_restart, stopping_everything_cancels_restarts_that_are_due) {
  plan_run run{flags_of(one_for_one), abc()};
  run.begin();
  run.broken = {"b"};
  run.crash("b");
  run.orders();
  run.take(plan::stop_all{});
  EXPECT_THAT(run.orders(), ElementsAre("stop c#1", "stop a#1", "stopped"));
  run.advance(1min);
  EXPECT_THAT(run.orders(), IsEmpty());
  EXPECT_EQ(run.plan.next_wakeup(), std::nullopt);
}

TEST(restart_plan_restart, the_three_times_of_a_restart_add_up) {
  plan_run run{flags_of(rest_for_one), abc()};
  run.deaf = {"c"};
  run.begin();
  run.slow_to_start = {"b"};
  run.crash("b");
  run.now += 30ms;  // the time c takes to stop
  run.crash("c", exit_kind::shutdown);
  run.now += 12ms;  // the time b takes to get ready
  run.published.clear();
  run.become_ready("b");
  ASSERT_GE(run.published.size(), 2u);
  EXPECT_EQ(run.published[1].kind, event_kind::restarted);
  EXPECT_EQ(run.published[1].t_fail, 30ms);
  EXPECT_EQ(run.published[1].t_recover, 12ms);
  EXPECT_EQ(run.published[1].t_restart, 42ms);
}

TEST(restart_plan_restart, manual_restarts_are_free) {
  plan_run run{flags_of(one_for_one, 0), abc()};
  run.begin();
  run.orders();
  for (int i = 0; i < 3; ++i) run.take(plan::restart{"b"});
  EXPECT_THAT(run.orders(),
              ElementsAre("stop b#1", "start b#2", "stop b#2", "start b#3", "stop b#3", "start b#4"));
  run.crash("b");
  EXPECT_THAT(run.orders(), ElementsAre("stop c#1", "stop a#1", "gave_up"));
}

TEST(restart_plan_restart, a_crash_during_the_first_start_holds_back_who_is_not_started_yet) {
  plan_run run{flags_of(one_for_one), abc()};
  run.slow_to_start = {"b"};
  run.begin();
  run.slow_to_start = {"a", "b"};
  run.crash("a");
  run.become_ready("b");
  EXPECT_THAT(run.orders(), ElementsAre("start a#1", "start b#1", "start a#2"));
  run.become_ready("a");
  EXPECT_THAT(run.orders(), ElementsAre("start c#1", "all_ready"));
}

}  // namespace
}  // namespace bulwark
