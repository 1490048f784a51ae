// SPDX-License-Identifier: BSD-3-Clause
// Goal: a simple_one_for_one supervisor is a pool of like children, as in OTP.
// Method: the cases of OTP's suite that concern it, on the plan; scale by counting orders.
#include <gmock/gmock.h>

#include "plan_run.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using enum restart_strategy;

plan_run pool_of(child_spec spec, std::uint32_t intensity = 10) {
  return {flags_of(simple_one_for_one, intensity), {std::move(spec)}};
}

TEST(pool, starts_empty_and_grows_by_children_of_its_template) {
  auto run = pool_of(named("w"));
  run.begin();
  EXPECT_THAT(run.orders(), ElementsAre("all_ready"));
  EXPECT_EQ(run.plan.count_children(), (child_counts{1, 0, 0, 0}));
  EXPECT_EQ(run.add(), "w:1");
  EXPECT_EQ(run.add(), "w:2");
  EXPECT_EQ(run.plan.count_children(), (child_counts{1, 2, 0, 2}));
  EXPECT_EQ(run.plan.find_spec("w")->id, "w");
  EXPECT_EQ(run.plan.find_spec("w:2"), run.plan.find_spec("w"));
  EXPECT_EQ(run.plan.find_spec("x"), nullptr);
}

TEST(pool, restarts_one_child_and_leaves_the_others_until_the_budget_is_spent) {
  auto run = pool_of(named("w"), 2);
  run.begin();
  run.add();
  run.add();
  run.orders();
  run.crash("w:1");
  EXPECT_THAT(run.orders(), ElementsAre("start w:1#2"));
  run.crash("w:2");
  EXPECT_THAT(run.orders(), ElementsAre("start w:2#2"));
  run.crash("w:1");
  EXPECT_THAT(run.orders(), ElementsAre("stop w:2#2", "gave_up"));
}

TEST(pool, a_child_whose_restart_keeps_failing_spends_the_budget) {
  auto run = pool_of(named("w"), 4);
  run.begin();
  run.add();
  run.add();
  run.broken = {"w:1"};
  run.crash("w:1");
  run.advance(1min);
  EXPECT_EQ(run.log.back(), "gave_up");
}

TEST(pool, refuses_what_needs_a_spec_of_its_own) {
  auto run = pool_of(named("w"));
  run.begin();
  run.add();
  EXPECT_EQ(run.start(named("x")), plan_error::simple_one_for_one);
  EXPECT_EQ(run.restart("w:1"), plan_error::simple_one_for_one);
  EXPECT_EQ(run.remove("w:1"), plan_error::simple_one_for_one);
}

TEST(pool, a_child_can_be_terminated_twice_but_a_stranger_not_at_all) {
  auto run = pool_of(named("w"));
  run.begin();
  run.add();
  run.orders();
  EXPECT_EQ(run.terminate("w:1"), plan_error::none);
  EXPECT_THAT(run.orders(), ElementsAre("stop w:1#1", "drop w:1"));
  EXPECT_EQ(run.terminate("w:1"), plan_error::none);
  for (const auto* stranger : {"w:2", "w:0", "w:", "w:1x", "w", "x"})
    EXPECT_EQ(run.terminate(stranger), plan_error::not_found) << stranger;
  EXPECT_THAT(run.orders(), IsEmpty());
}

TEST(pool, a_child_whose_first_start_fails_or_is_ignored_leaves_nothing) {
  auto run = pool_of(named("w"));
  run.begin();
  run.broken = {"w:1"};
  run.ignored = {"w:2"};
  run.add();
  run.add();
  EXPECT_EQ(run.plan.count_children(), (child_counts{1, 0, 0, 0}));
  run.orders();
  run.take(plan::stop_all{});
  EXPECT_THAT(run.orders(), ElementsAre("stopped"));
}

TEST(pool, stops_all_children_at_once_under_one_clock) {
  auto spec = named("w");
  spec.shutdown = shutdown_policy::within(2s);
  auto run = pool_of(spec);
  run.begin();
  for (int i = 0; i < 3; ++i) run.add();
  run.orders();
  run.deaf = {"w:1", "w:3"};
  run.take(plan::stop_all{});
  EXPECT_THAT(run.orders(), UnorderedElementsAre("stop w:1#1", "stop w:2#1", "stop w:3#1"));
  run.crash("w:3", exit_kind::normal);
  EXPECT_THAT(run.orders(), IsEmpty());
  run.advance(2s);
  EXPECT_THAT(run.orders(), ElementsAre("kill w:1#1", "stopped"));
}

TEST(pool, kills_all_children_at_once_if_they_are_to_be_killed) {
  auto spec = named("w");
  spec.shutdown = shutdown_policy::brutal_kill();
  auto run = pool_of(spec);
  run.begin();
  for (int i = 0; i < 10; ++i) run.add();
  run.orders();
  run.take(plan::stop_all{});
  EXPECT_EQ(std::ranges::count_if(run.log, [](const auto& word) { return word.starts_with("kill "); }), 10);
  EXPECT_EQ(run.log.back(), "stopped");
}

TEST(pool, children_that_end_by_themselves_during_the_stop_change_nothing) {
  for (const auto type : {restart_type::permanent, restart_type::transient, restart_type::temporary}) {
    auto run = pool_of(named("w", type), 0);
    run.begin();
    for (int i = 0; i < 4; ++i) run.add();
    run.deaf = {"w:1", "w:2", "w:3", "w:4"};
    run.take(plan::stop_all{});
    run.orders();
    run.crash("w:1", exit_kind::normal);
    run.crash("w:2", exit_kind::shutdown);
    run.crash("w:3", exit_kind::failure);
    run.crash("w:4", exit_kind::killed);
    EXPECT_THAT(run.orders(), ElementsAre("stopped")) << to_string(type);
  }
}

TEST(pool, a_restart_that_keeps_failing_ends_when_the_child_is_terminated) {
  auto run = pool_of(named("w"), 100);
  run.begin();
  run.add();
  run.broken = {"w:1"};
  run.crash("w:1");
  EXPECT_EQ(run.plan.count_children(), (child_counts{1, 0, 0, 1}));
  EXPECT_EQ(run.terminate("w:1"), plan_error::none);
  run.orders();
  run.advance(1min);
  EXPECT_THAT(run.orders(), IsEmpty());
}

TEST(pool, a_changed_template_counts_for_children_that_are_there_as_well) {
  auto run = pool_of(named("w"));
  run.begin();
  run.add();
  EXPECT_EQ(run.plan.change(flags_of(simple_one_for_one), {named("w", restart_type::temporary)}), "");
  run.crash("w:1");
  EXPECT_EQ(run.plan.count_children(), (child_counts{1, 0, 0, 0}));
  EXPECT_NE(run.plan.change(flags_of(simple_one_for_one), {named("v")}), "");
}

TEST(pool, counts_supervisors_as_supervisors) {
  auto spec = named("w");
  spec.type = child_type::supervisor;
  auto run = pool_of(spec);
  run.begin();
  for (int i = 0; i < 1000; ++i) run.add();
  EXPECT_EQ(run.plan.count_children(), (child_counts{1, 1000, 1000, 0}));
}

TEST(pool, a_hundred_thousand_temporary_children_stop_with_one_order_each) {
  auto run = pool_of(named("w", restart_type::temporary));
  run.begin();
  for (int i = 0; i < 100'000; ++i) run.add();
  run.orders();
  run.take(plan::stop_all{});
  EXPECT_EQ(run.orders().size(), 100'001u);
}

}  // namespace
}  // namespace bulwark
