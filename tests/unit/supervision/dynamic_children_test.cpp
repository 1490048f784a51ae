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

  plan_error start(child_spec spec) {
    return doing([&](auto& effects) { return run.plan.start_child(std::move(spec), run.now, effects); });
  }
  plan_error terminate(const char* id) {
    return doing([&](auto& effects) { return run.plan.terminate_child(id, run.now, effects); });
  }
  plan_error restart(const char* id) {
    return doing([&](auto& effects) { return run.plan.restart_child(id, run.now, effects); });
  }
  plan_error remove(const char* id) {
    return doing([&](auto& effects) { return run.plan.delete_child(id, effects); });
  }

  plan_run run{flags_of(restart_strategy::one_for_one), {}};

 private:
  template <class Operation>
  plan_error doing(Operation operation) {
    std::vector<plan::effect> effects;
    const auto result = operation(effects);
    run.react(effects);
    run.take(plan::tick{});  // lets the obliging world answer
    return result;
  }
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

TEST_F(dynamic_children, a_hundred_thousand_come_and_go) {
  for (int i = 0; i < 100'000; ++i) ASSERT_EQ(start(named("c" + std::to_string(i))), plan_error::none);
  for (int i = 0; i < 100'000; i += 2)
    ASSERT_EQ(terminate(("c" + std::to_string(i)).c_str()), plan_error::none);
  EXPECT_EQ(run.plan.count_children(), (child_counts{100'000, 50'000, 0, 100'000}));
  run.orders();
  run.take(plan::stop_all{});
  EXPECT_EQ(run.orders().size(), 50'001u);
}

}  // namespace
}  // namespace bulwark
