// SPDX-License-Identifier: BSD-3-Clause
// Goal: the policies that go beyond OTP do what a spec asks for, and nothing else.
// Method: plans under a clock of our own; orders, events and delays are compared.
#include <gmock/gmock.h>

#include "plan_run.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using enum restart_strategy;

std::size_t count(const plan_run& run, event_kind kind) {
  return static_cast<std::size_t>(std::ranges::count(run.published, kind, &supervision_event::kind));
}

TEST(failure_rules, choose_by_category_and_code_and_the_first_that_fits_decides) {
  auto spec = named("a");
  spec.rules = {{.category = "io", .code = 7, .then = directive::stop},
                {.category = "io", .then = directive::escalate},
                {.category = "std::bad_alloc", .then = directive::escalate},
                {.code = 99, .then = directive::resume}};
  EXPECT_EQ(spec.decide({exit_kind::failure, "", "io", 7}), directive::stop);
  EXPECT_EQ(spec.decide({exit_kind::failure, "", "io", 8}), directive::escalate);
  EXPECT_EQ(spec.decide({exit_kind::failure, "", "std::bad_alloc", 0}), directive::escalate);
  EXPECT_EQ(spec.decide({exit_kind::failure, "", "other", 99}), directive::resume);
  EXPECT_EQ(spec.decide({exit_kind::failure, "", "other", 0}), directive::restart);
}

TEST(failure_rules, stop_leaves_the_child_down_and_escalate_ends_the_supervisor) {
  auto spec = named("a");
  spec.rules = {{.category = "config", .then = directive::stop},
                {.category = "disk", .then = directive::escalate}};
  plan_run run{flags_of(one_for_one), {spec, named("b")}};
  run.begin();
  run.orders();
  run.fail("a", {exit_kind::failure, "bad option", "config", 1});
  EXPECT_THAT(run.orders(), ElementsAre("gone a"));
  EXPECT_EQ(run.restart("a"), plan_error::none);
  run.orders();
  run.fail("a", {exit_kind::failure, "no space", "disk", 1});
  EXPECT_THAT(run.orders(), ElementsAre("stop b#1", "gave_up"));
  EXPECT_THAT(run.why_gave_up, HasSubstr("escalated: no space"));
}

TEST(failure_rules, do_not_concern_an_orderly_exit) {
  auto spec = named("a");
  spec.rules = {{.then = directive::escalate}};
  plan_run run{flags_of(one_for_one), {spec}};
  run.begin();
  run.crash("a", exit_kind::normal);
  EXPECT_EQ(run.state("a"), "up");
}

TEST(own_limit, of_one_child_is_counted_apart_from_the_shared_one) {
  auto spec = named("a");
  spec.own_limit = restart_limit{1, 5s};
  spec.exceeded = exceeded_policy::stop();
  plan_run run{flags_of(one_for_one, 3), {spec, named("b")}};
  run.begin();
  run.crash("a");
  run.advance(1s);
  run.crash("a");
  EXPECT_EQ(run.state("a"), "down");
  EXPECT_EQ(count(run, event_kind::given_up), 1u);
  for (int i = 0; i < 2; ++i) {
    run.crash("b");
    run.advance(1s);
  }
  EXPECT_EQ(run.why_gave_up, "") << "the refused restart of a must not have been charged to the others";
  EXPECT_EQ(run.state("b"), "up");
}

TEST(own_limit, that_is_passed_escalates_unless_the_spec_says_otherwise) {
  auto spec = named("a");
  spec.own_limit = restart_limit{0, 5s};
  plan_run run{flags_of(one_for_one, 10), {spec, named("b")}};
  run.begin();
  run.crash("a");
  EXPECT_THAT(run.why_gave_up, HasSubstr("more than 0 restarts within 5000 ms of one child"));
}

TEST(parking, keeps_the_child_down_for_the_pause_and_tries_again_for_free) {
  auto spec = named("a");
  spec.exceeded = exceeded_policy::park(30s);
  plan_run run{flags_of(one_for_one, 0), {spec, named("b")}};
  run.begin();
  run.orders();
  run.crash("a");
  EXPECT_EQ(run.state("a"), "parked");
  EXPECT_EQ(run.restart("a"), plan_error::restarting);
  run.advance(29s);
  EXPECT_THAT(run.orders(), IsEmpty());
  run.advance(1s);
  EXPECT_THAT(run.orders(), ElementsAre("start a#2"));
  EXPECT_EQ(run.state("a"), "up");
  EXPECT_EQ(count(run, event_kind::parked), 1u);
  run.crash("a");
  EXPECT_EQ(run.terminate("a"), plan_error::none);
  run.advance(1min);
  EXPECT_EQ(run.state("a"), "down") << "a terminated child is not resurrected";
}

TEST(parking, takes_the_group_along_and_can_be_cut_short) {
  auto spec = named("b");
  spec.exceeded = exceeded_policy::park(30s);
  plan_run run{flags_of(rest_for_one, 0), {named("a"), spec, named("c")}};
  run.begin();
  run.orders();
  run.crash("b");
  EXPECT_THAT(run.orders(), ElementsAre("stop c#1"));
  run.take(plan::restart{"b"});
  EXPECT_THAT(run.orders(), ElementsAre("start b#2"));
  run.advance(30s);
  EXPECT_THAT(run.orders(), ElementsAre("start c#2"));
}

TEST(start_width, lets_that_many_start_at_once) {
  auto flags = flags_of(one_for_one);
  flags.start_width = 2;
  plan_run run{flags, {named("a"), named("b"), named("c"), named("d")}};
  run.slow_to_start = {"a", "b", "c", "d"};
  run.begin();
  EXPECT_THAT(run.orders(), ElementsAre("start a#1", "start b#1"));
  run.become_ready("b");
  EXPECT_THAT(run.orders(), ElementsAre("start c#1"));
  run.become_ready("a");
  run.become_ready("c");
  run.become_ready("d");
  EXPECT_THAT(run.orders(), ElementsAre("start d#1", "all_ready"));
}

TEST(depends_on, holds_a_child_back_until_what_it_needs_is_ready) {
  auto flags = flags_of(one_for_one);
  flags.start_width = 10;
  auto c = named("c");
  c.depends_on = {"a", "b"};
  auto d = named("d");
  d.depends_on = {"c"};
  plan_run run{flags, {named("a"), named("b"), c, d, named("e")}};
  run.slow_to_start = {"a", "b", "c"};
  run.begin();
  EXPECT_THAT(run.orders(), ElementsAre("start a#1", "start b#1", "start e#1"));
  run.become_ready("b");
  EXPECT_THAT(run.orders(), IsEmpty());
  run.become_ready("a");
  EXPECT_THAT(run.orders(), ElementsAre("start c#1"));
  run.become_ready("c");
  EXPECT_THAT(run.orders(), ElementsAre("start d#1", "all_ready"));
}

TEST(depends_on, holds_back_a_restart_as_well_but_not_for_what_is_down_for_good) {
  auto b = named("b");
  b.depends_on = {"a"};
  plan_run run{flags_of(one_for_one), {named("a"), b}};
  run.begin();
  run.slow_to_start = {"a"};
  run.orders();
  run.crash("a");
  run.crash("b");
  EXPECT_THAT(run.orders(), ElementsAre("start a#2"));
  run.become_ready("a");
  EXPECT_THAT(run.orders(), ElementsAre("start b#2"));
  EXPECT_EQ(run.terminate("a"), plan_error::none);
  run.orders();
  run.advance(10s);
  run.crash("b");
  EXPECT_THAT(run.orders(), ElementsAre("start b#3"));
}

TEST(depends_on, does_not_bring_back_a_child_that_was_terminated_while_it_waited) {
  auto b = named("b");
  b.depends_on = {"a"};
  auto flags = flags_of(one_for_one);
  flags.start_width = 2;
  plan_run run{flags, {named("a"), b}};
  run.slow_to_start = {"a"};
  run.begin();
  EXPECT_EQ(run.terminate("b"), plan_error::none);
  run.orders();
  run.become_ready("a");
  run.advance(10s);
  EXPECT_THAT(run.orders(), ElementsAre("all_ready"));
  EXPECT_EQ(run.state("b"), "down");
  EXPECT_EQ(run.restart("b"), plan_error::none);
  EXPECT_THAT(run.orders(), ElementsAre("start b#1"));
}

TEST(start_timeout, does_not_cut_a_stop_short_that_came_first) {
  auto a = named("a");
  a.start_timeout = 2s;
  a.shutdown = shutdown_policy::infinity();
  plan_run run{flags_of(one_for_one), {a}};
  run.slow_to_start = {"a"};
  run.deaf = {"a"};
  run.begin();
  EXPECT_EQ(run.terminate("a"), plan_error::none);
  EXPECT_THAT(run.orders(), ElementsAre("start a#1", "stop a#1", "all_ready"));
  run.advance(1h);
  EXPECT_THAT(run.orders(), IsEmpty());
}

TEST(progress_limit, abandons_and_replaces_a_child_that_stays_within_one_message) {
  auto spec = named("a");
  spec.progress_limit = 1s;
  plan_run run{flags_of(one_for_one), {spec, named("b")}};
  run.begin();
  run.orders();
  run.progress["a"] = 7;  // odd: within a message
  run.advance(1249ms);
  EXPECT_THAT(run.orders(), IsEmpty());
  run.advance(1ms);
  EXPECT_THAT(run.orders(), ElementsAre("kill a#1", "abandon a#1", "start a#2"));
  EXPECT_EQ(count(run, event_kind::hung), 1u);
  run.take(plan::child_exited{"a", 1, {exit_kind::killed, "at last"}});
  EXPECT_EQ(run.state("a"), "up");
  EXPECT_THAT(run.orders(), IsEmpty());
}

TEST(progress_limit, does_not_mind_an_idle_child_nor_one_that_goes_on) {
  auto spec = named("a");
  spec.progress_limit = 1s;
  plan_run run{flags_of(one_for_one), {spec}};
  run.begin();
  run.orders();
  run.progress["a"] = 8;  // even: between messages
  run.advance(1min);
  for (int i = 0; i < 100; ++i) {
    run.progress["a"] += 2;
    run.progress["a"] |= 1;
    run.advance(900ms);
  }
  EXPECT_THAT(run.orders(), IsEmpty());
}

TEST(stop_deadline, bounds_the_stop_of_all_children_and_names_who_is_left) {
  std::vector<child_spec> specs;
  for (const auto* id : {"a", "b", "c", "d"}) {
    specs.push_back(named(id));
    specs.back().shutdown = shutdown_policy::infinity();
  }
  plan_run run{flags_of(one_for_one), specs};
  run.begin();
  run.orders();
  run.deaf = {"c"};
  run.immortal = {"b"};
  const auto begin = run.now;
  run.take(plan::stop_all{8s});
  EXPECT_THAT(run.orders(), ElementsAre("stop d#1", "stop c#1"));
  run.advance(6s);  // three quarters are for an orderly stop
  EXPECT_THAT(run.orders(), ElementsAre("kill a#1", "kill b#1", "kill c#1"));
  run.advance(2s);
  EXPECT_THAT(run.orders(), ElementsAre("abandon b#1", "stopped"));
  EXPECT_EQ(run.now - begin, 8s);
  EXPECT_EQ(run.plan.next_wakeup(), std::nullopt);
}

TEST(quarantine, is_told_of_the_incarnation_that_was_crashed_and_of_no_other) {
  plan_run run{flags_of(one_for_one), {named("a")}};
  run.begin();
  const exit_status poisoned{exit_kind::failure, "std::runtime_error: poison", "std::runtime_error", 0};
  for (const std::uint64_t generation : {std::uint64_t{1}, std::uint64_t{2}}) {
    std::vector<plan::effect> effects;
    run.plan.step(plan::message_quarantined{"a", generation, poisoned}, run.now, effects);
    if (generation == 2) {
      EXPECT_THAT(effects, IsEmpty()) << "there is no such incarnation";
      continue;
    }
    ASSERT_EQ(effects.size(), 1u);
    const auto& told = std::get<plan::publish>(effects.front()).what;
    EXPECT_EQ(told.kind, event_kind::quarantined);
    EXPECT_EQ(told.path, "a");
    EXPECT_EQ(told.reason, poisoned);
  }
}

TEST(quarantine, needs_a_period_and_room_for_a_letter) {
  auto spec = named("a");
  spec.mail = {.crashes_max = 1, .dead_letters_max = 0};
  EXPECT_NE(spec.validate(), "");
  spec.mail.dead_letters_max = 1;
  EXPECT_EQ(spec.validate(), "");
}

TEST(linear_delays, grow_by_the_initial_one) {
  backoff delays{{.initial = 10ms, .max = 35ms, .jitter = 0, .growth = backoff_growth::linear}};
  for (const auto expected : {10ms, 20ms, 30ms, 35ms, 35ms}) EXPECT_EQ(delays.next(0.5), expected);
}

}  // namespace
}  // namespace bulwark
