// SPDX-License-Identifier: BSD-3-Clause
// Goal: too many restarts end a supervisor under every strategy, spread-out ones do not, and ends during a
// stop cost nothing. Method: OTP's cases of these, on the plan.
#include <gmock/gmock.h>

#include "plan_run.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using enum restart_strategy;

class each_strategy : public testing::TestWithParam<restart_strategy> {
 protected:
  static std::vector<child_spec> abc() { return {named("a"), named("b"), named("c")}; }
};

INSTANTIATE_TEST_SUITE_P(otp, each_strategy, testing::Values(one_for_one, one_for_all, rest_for_one),
                         [](const auto& test) { return to_string(test.param); });

TEST_P(each_strategy, gives_up_at_the_third_crash_if_two_are_allowed) {
  plan_run run{flags_of(GetParam(), 2), abc()};
  run.begin();
  for (int i = 0; i < 2; ++i) {
    run.crash("b");
    run.advance(100ms);
    EXPECT_EQ(run.state("a") + run.state("b") + run.state("c"), "upupup");
  }
  run.crash("b");
  EXPECT_EQ(run.log.back(), "gave_up");
}

TEST_P(each_strategy, lives_on_if_crashes_are_far_enough_apart) {
  auto flags = flags_of(GetParam(), 1);
  flags.period = 1s;
  plan_run run{flags, abc()};
  run.begin();
  for (int i = 0; i < 4; ++i) {
    run.crash("a");
    run.advance(2100ms);
  }
  EXPECT_EQ(run.state("a"), "up");
  EXPECT_EQ(run.why_gave_up, "");
}

TEST_P(each_strategy, gives_up_if_a_restart_keeps_failing_and_takes_all_children_along) {
  plan_run run{flags_of(GetParam(), 4), abc()};
  run.begin();
  run.broken = {"c"};
  run.crash("c");
  run.advance(1min);
  EXPECT_EQ(run.log.back(), "gave_up");
  EXPECT_EQ(run.doubled, "");
}

TEST_P(each_strategy, is_not_disturbed_by_children_that_end_by_themselves_while_it_stops) {
  using enum exit_kind;
  for (const auto type : {restart_type::permanent, restart_type::transient, restart_type::temporary})
    for (const auto reason : {normal, shutdown, failure, killed}) {
      plan_run run{flags_of(GetParam(), 0), {named("a", type), named("b", type), named("c", type)}};
      run.begin();
      run.deaf = {"a", "b", "c"};
      run.take(plan::stop_all{});
      run.orders();
      run.crash("a", reason);  // before it was asked to
      run.crash("c", reason);
      run.crash("b", reason);
      EXPECT_THAT(run.orders(), ElementsAre("stop b#1", "stopped")) << to_string(type) << to_string(reason);
    }
}

}  // namespace
}  // namespace bulwark
