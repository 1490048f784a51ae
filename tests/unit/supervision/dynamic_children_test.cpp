// SPDX-License-Identifier: BSD-3-Clause
// Goal: children can be added, terminated, restarted and deleted at run time, with the errors that OTP gives.
// Method: the cycle of OTP's child_adm case, operation by operation; scale by counting.
#include <gmock/gmock.h>

#include "plan_run.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class dynamic_children : public testing::Test {
 protected:
  dynamic_children() { run.begin(); }

  plan_error start(child_spec spec) { return run.start(std::move(spec)); }
  plan_error terminate(const std::string& id) { return run.terminate(id); }
  plan_error restart(const std::string& id) { return run.restart(id); }
  plan_error remove(const std::string& id) { return run.remove(id); }

  plan_run run{flags_of(restart_strategy::one_for_one), {}};
};

TEST_F(dynamic_children, go_through_the_whole_cycle_with_the_right_errors) {
  EXPECT_EQ(terminate("a"), plan_error::not_found);
  EXPECT_EQ(restart("a"), plan_error::not_found);
  EXPECT_EQ(remove("a"), plan_error::not_found);
  EXPECT_EQ(start(named("")), plan_error::invalid_spec);
  EXPECT_EQ(start(named("a")), plan_error::none);
  EXPECT_EQ(run.plan.count_children(), (child_counts{1, 1, 0, 1}));
  EXPECT_EQ(start(named("a")), plan_error::already_started);
  EXPECT_EQ(restart("a"), plan_error::running);
  EXPECT_EQ(remove("a"), plan_error::running);
  EXPECT_EQ(terminate("a"), plan_error::none);
  EXPECT_EQ(terminate("a"), plan_error::none);
  EXPECT_EQ(run.plan.count_children(), (child_counts{1, 0, 0, 1}));
  EXPECT_EQ(start(named("a")), plan_error::already_present);
  EXPECT_EQ(restart("a"), plan_error::none);
  EXPECT_EQ(run.state("a"), "up");
  EXPECT_EQ(terminate("a"), plan_error::none);
  EXPECT_EQ(remove("a"), plan_error::none);
  EXPECT_EQ(run.plan.count_children(), child_counts{});
}

TEST_F(dynamic_children, one_in_a_failing_restart_loop_is_restarting_until_it_is_terminated) {
  EXPECT_EQ(start(named("a")), plan_error::none);
  run.broken = {"a"};
  run.crash("a");
  EXPECT_EQ(restart("a"), plan_error::restarting);
  EXPECT_EQ(remove("a"), plan_error::restarting);
  EXPECT_EQ(start(named("a")), plan_error::already_started);
  EXPECT_EQ(run.plan.count_children(), (child_counts{1, 0, 0, 1}));
  EXPECT_EQ(terminate("a"), plan_error::none);
  EXPECT_EQ(remove("a"), plan_error::none);
}

TEST_F(dynamic_children, one_whose_first_start_fails_is_forgotten_at_no_charge) {
  run.broken = {"a"};
  for (int i = 0; i < 100; ++i) EXPECT_EQ(start(named("a")), plan_error::none);
  EXPECT_EQ(run.plan.count_children(), child_counts{});
  EXPECT_EQ(run.why_gave_up, "");
}

TEST_F(dynamic_children, nothing_is_added_while_the_supervisor_ends) {
  EXPECT_EQ(start(named("a")), plan_error::none);
  run.deaf = {"a"};
  run.take(plan::stop_all{});
  EXPECT_EQ(start(named("b")), plan_error::ending);
  EXPECT_EQ(restart("a"), plan_error::ending);
}

TEST_F(dynamic_children, a_terminated_temporary_child_is_forgotten) {
  EXPECT_EQ(start(named("t", restart_type::temporary)), plan_error::none);
  EXPECT_EQ(terminate("t"), plan_error::none);
  EXPECT_EQ(restart("t"), plan_error::not_found);
}

TEST_F(dynamic_children, one_that_was_ignored_is_kept_down_unless_it_is_temporary) {
  run.ignored = {"a", "t"};
  EXPECT_EQ(start(named("a")), plan_error::none);
  EXPECT_EQ(start(named("t", restart_type::temporary)), plan_error::none);
  EXPECT_EQ(run.plan.count_children(), (child_counts{1, 0, 0, 1}));
  EXPECT_EQ(run.state("a"), "down");
  run.ignored.clear();
  EXPECT_EQ(restart("a"), plan_error::none);
  EXPECT_EQ(run.state("a"), "up");
}

TEST_F(dynamic_children, a_restart_by_request_that_fails_is_not_tried_again_and_costs_nothing) {
  plan_run strict{flags_of(restart_strategy::one_for_one, 0), {named("a")}};
  strict.begin();
  EXPECT_EQ(strict.terminate("a"), plan_error::none);
  strict.broken = {"a"};
  EXPECT_EQ(strict.restart("a"), plan_error::none);
  EXPECT_EQ(strict.state("a"), "down");
  strict.advance(1min);
  EXPECT_EQ(strict.state("a"), "down");
  EXPECT_EQ(strict.why_gave_up, "");
}

TEST_F(dynamic_children, one_that_fails_while_the_first_children_still_start_is_forgotten) {
  plan_run slow{flags_of(restart_strategy::one_for_one), {named("a")}};
  slow.slow_to_start = {"a"};
  slow.begin();
  slow.broken = {"d"};
  EXPECT_EQ(slow.start(named("d")), plan_error::none);
  slow.become_ready("a");
  EXPECT_THAT(slow.orders(), ElementsAre("start a#1", "start d#1", "drop d", "all_ready"));
}

TEST_F(dynamic_children, specs_and_flags_change_while_children_go_on) {
  EXPECT_EQ(start(named("a")), plan_error::none);
  EXPECT_EQ(start(named("b")), plan_error::none);
  auto flags = flags_of(restart_strategy::one_for_all);
  EXPECT_EQ(run.plan.change(flags, {named("a", restart_type::temporary), named("new")}), "");
  EXPECT_EQ(run.plan.find_child("a")->generation, 1u) << "it goes on";
  EXPECT_EQ(run.plan.find_child("b")->state, child_state::up) << "not named, and kept";
  EXPECT_EQ(run.plan.find_child("new")->state, child_state::down) << "added, and not started";
  EXPECT_EQ(run.plan.find_spec("a")->restart, restart_type::temporary);
  run.orders();
  run.crash("b");
  EXPECT_THAT(run.orders(), ElementsAre("stop a#1", "drop a", "start b#2", "start new#1"));
  EXPECT_NE(run.plan.change(flags, {named("x"), named("x")}), "");
  flags.strategy = restart_strategy::simple_one_for_one;
  EXPECT_NE(run.plan.change(flags, {named("b")}), "");
  EXPECT_EQ(run.plan.count_children().specs, 2u) << "a change that is refused changes nothing";
}

TEST_F(dynamic_children, a_hundred_thousand_come_and_go) {
  for (int i = 0; i < 100'000; ++i) ASSERT_EQ(start(named("c" + std::to_string(i))), plan_error::none);
  for (int i = 0; i < 100'000; i += 2) ASSERT_EQ(terminate("c" + std::to_string(i)), plan_error::none);
  EXPECT_EQ(run.plan.count_children(), (child_counts{100'000, 50'000, 0, 100'000}));
  run.orders();
  run.take(plan::stop_all{});
  EXPECT_EQ(run.orders().size(), 50'001u);
}

}  // namespace
}  // namespace bulwark
