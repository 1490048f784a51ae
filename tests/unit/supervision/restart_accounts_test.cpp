// SPDX-License-Identifier: BSD-3-Clause
// Goal: what a restart has cost, how long it took and what is forgotten of it is as it was, whatever comes
// between; and of a stop, the first deadline counts. Method: plans under a clock of our own.
#include <gmock/gmock.h>

#include <algorithm>

#include "plan_run.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::Not;
using enum restart_strategy;

std::vector<supervision_event> restarts_of(const plan_run& run, const std::string& id) {
  std::vector<supervision_event> found;
  for (const auto& event : run.published)
    if (event.kind == event_kind::restarted && event.path == id) found.push_back(event);
  return found;
}

child_spec growing(std::string id) {
  auto spec = named(std::move(id));
  spec.delays = {.initial = 100ms, .max = 10s, .factor = 2, .jitter = 0, .reset_after = 3s};
  return spec;
}

/// Crashes while it is up, and is up again exactly after this long.
void expect_delay(plan_run& run, const std::string& id, duration delay) {
  run.crash(id);
  if (delay > duration::zero()) {
    run.advance(delay - 1ns);
    EXPECT_EQ(run.state(id), "waiting");
    run.advance(1ns);
  }
  EXPECT_EQ(run.state(id), "up");
}

TEST(restart_accounts, after_health_delays_begin_with_the_first_one_again) {
  plan_run run{flags_of(one_for_one), {growing("a")}};
  run.begin();
  for (const auto delay : {0ms, 100ms, 200ms}) expect_delay(run, "a", delay);
  run.advance(3s);
  for (const auto delay : {0ms, 100ms, 200ms}) expect_delay(run, "a", delay);
}

TEST(restart_accounts, a_sibling_that_is_taken_along_is_recovering_since_this_failure) {
  plan_run run{flags_of(one_for_all), {named("a"), named("b")}};
  run.begin();
  run.crash("a");
  run.advance(10s);
  run.crash("b");
  ASSERT_EQ(restarts_of(run, "a").size(), 2u);
  EXPECT_EQ(restarts_of(run, "a")[1].t_fail, 0ms) << "not since the one before";
}

TEST(restart_accounts, a_start_by_order_after_a_terminate_is_no_restart) {
  plan_run run{flags_of(one_for_one), {growing("a")}};
  run.begin();
  run.crash("a");
  run.crash("a");  // waits
  EXPECT_EQ(run.terminate("a"), plan_error::none);
  run.advance(1min);
  EXPECT_EQ(run.restart("a"), plan_error::none);
  EXPECT_EQ(run.state("a"), "up");
  EXPECT_EQ(restarts_of(run, "a").size(), 1u);
}

TEST(restart_accounts, a_restart_of_one_that_is_up_takes_from_the_order_on) {
  plan_run run{flags_of(one_for_one), {named("a")}};
  run.deaf = {"a"};
  run.begin();
  run.take(plan::restart{"a"});
  run.advance(5s);  // and is killed
  ASSERT_EQ(restarts_of(run, "a").size(), 1u);
  EXPECT_EQ(restarts_of(run, "a")[0].t_fail, 5s);
}

TEST(restart_accounts, a_recovery_takes_from_the_first_failure_on_however_many_starts_fail) {
  plan_run run{flags_of(one_for_one), {growing("a")}};
  run.begin();
  run.broken = {"a"};
  run.crash("a");
  run.advance(250ms);  // at once, after 100 ms; the next comes after 200 ms more
  run.broken = {};
  run.advance(50ms);
  ASSERT_EQ(restarts_of(run, "a").size(), 1u);
  EXPECT_EQ(restarts_of(run, "a")[0].t_fail, 300ms);
}

TEST(restart_accounts, one_that_was_killed_once_is_asked_first_the_next_time) {
  plan_run run{flags_of(one_for_one), {named("a")}};
  run.deaf = {"a"};
  run.begin();
  EXPECT_EQ(run.terminate("a"), plan_error::none);
  run.advance(5s);
  EXPECT_EQ(run.restart("a"), plan_error::none);
  run.orders();
  EXPECT_EQ(run.terminate("a"), plan_error::none);
  run.advance(5s);
  EXPECT_EQ(run.orders(), (std::vector<std::string>{"stop a#2", "kill a#2", "gone a"}));
}

TEST(restart_accounts, one_that_was_late_once_can_be_stopped_later_without_having_failed) {
  auto timed = named("a");
  timed.start_timeout = 1s;
  plan_run run{flags_of(one_for_one), {timed}};
  run.begin();
  run.slow_to_start = {"a"};
  run.crash("a");
  run.advance(1s);
  run.slow_to_start = {};
  run.advance(1s);
  ASSERT_EQ(run.state("a"), "up");
  EXPECT_EQ(run.terminate("a"), plan_error::none);
  EXPECT_EQ(run.published.back().kind, event_kind::stopped);
  EXPECT_EQ(run.state("a"), "down");
}

TEST(restart_accounts, a_start_by_order_that_came_through_is_followed_by_retries_like_any_other) {
  plan_run run{flags_of(one_for_one), {growing("a")}};
  run.begin();
  EXPECT_EQ(run.terminate("a"), plan_error::none);
  EXPECT_EQ(run.restart("a"), plan_error::none);
  run.broken = {"a"};
  run.crash("a");
  EXPECT_EQ(run.state("a"), "waiting");
}

TEST(restart_accounts, one_that_ends_in_good_order_before_it_was_ready_has_failed_if_it_is_permanent) {
  plan_run run{flags_of(one_for_one), {named("a")}};
  run.slow_to_start = {"a"};
  run.begin();
  run.crash("a", exit_kind::normal);
  EXPECT_EQ(run.log.back(), "gave_up");
}

TEST(restart_accounts, a_change_that_changes_nothing_forgives_nothing) {
  auto limited = growing("b");
  limited.own_limit = restart_limit{1, 1min};
  limited.exceeded = exceeded_policy::park(1h);
  const std::vector specs{growing("a"), limited};
  plan_run run{flags_of(one_for_one, 4), specs};
  run.begin();
  for (const auto delay : {0ms, 100ms}) expect_delay(run, "a", delay);
  run.crash("b");
  EXPECT_EQ(run.plan.change(flags_of(one_for_one, 4), specs), "");
  run.crash("b");
  EXPECT_EQ(run.state("b"), "parked");
  expect_delay(run, "a", 200ms);
  run.crash("a");
  EXPECT_EQ(run.log.back(), "gave_up") << "that was the fifth";
}

TEST(restart_accounts, a_limit_of_its_own_frees_no_child_from_that_of_all) {
  auto limited = named("a");
  limited.own_limit = restart_limit{10, 1min};
  limited.delays.reset_after = 0s;
  plan_run run{flags_of(one_for_one, 2), {limited}};
  run.begin();
  for (int i = 0; i < 3; ++i) run.crash("a");
  EXPECT_EQ(run.log.back(), "gave_up");
}

TEST(restart_accounts, of_two_deadlines_of_a_stop_the_first_counts_and_nobody_is_killed_twice) {
  auto patient = named("b");
  patient.shutdown = shutdown_policy::infinity();
  plan_run run{flags_of(one_for_one), {named("a"), patient}};
  run.begin();
  run.orders();
  run.immortal = {"b"};
  run.take(plan::stop_all{8s});
  run.advance(1s);
  run.take(plan::stop_all{100s});
  run.take(plan::restart{"a"});
  run.advance(5s - 1ns);
  EXPECT_THAT(run.log, Not(Contains("kill b#1")));
  run.advance(1ns);
  EXPECT_THAT(run.log, Contains("kill b#1"));
  run.advance(2s);
  EXPECT_EQ(std::ranges::count(run.log, "kill b#1"), 1);
  EXPECT_THAT(run.log, Contains("abandon b#1"));
  EXPECT_THAT(run.log, Contains("kill a#1")) << "there is no time left to ask it";
  EXPECT_THAT(run.log, Not(Contains("stop a#1")));
  EXPECT_THAT(run.log, Not(Contains("start a#2")));
  EXPECT_EQ(run.log.back(), "stopped");
}

}  // namespace
}  // namespace bulwark
