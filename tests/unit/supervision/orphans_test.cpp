// SPDX-License-Identifier: BSD-3-Clause
// Goal: a plan that ends within a time waits for what a killed sub-supervisor left, but no longer than that.
// Method: the plan with an obliging world; orphans are reported and end, or do not.
#include <gmock/gmock.h>

#include "plan_run.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// A plan whose only child is deaf, so that it is killed 6 s after the order to end within 8 s.
struct plan_with_orphans : testing::Test {
  void SetUp() override {
    auto patient = named("sub");
    patient.shutdown = shutdown_policy::infinity();
    run = std::make_unique<plan_run>(flags_of(restart_strategy::one_for_one, 1), std::vector{patient});
    run->deaf.insert("sub");
    run->begin();
    run->orders();
  }

  std::unique_ptr<plan_run> run;
};

TEST_F(plan_with_orphans, it_ends_when_the_last_of_them_has) {
  run->take(plan::stop_all{8s});
  run->take(plan::orphaned{"sub/a"});
  run->take(plan::orphaned{"sub/b"});
  run->advance(6s);
  EXPECT_THAT(run->orders(), ElementsAre("stop sub#1", "kill sub#1"));
  run->take(plan::orphan_ended{"sub/a"});
  EXPECT_THAT(run->orders(), IsEmpty());
  run->take(plan::orphan_ended{"sub/b"});
  EXPECT_THAT(run->orders(), ElementsAre("stopped"));
}

TEST_F(plan_with_orphans, those_that_do_not_end_in_time_are_abandoned_and_told) {
  run->take(plan::stop_all{8s});
  run->take(plan::orphaned{"sub/a"});
  run->take(plan::orphaned{"sub/b"});
  run->advance(7s);
  run->take(plan::orphan_ended{"sub/a"});
  run->orders();
  run->published.clear();
  run->advance(999ms);
  EXPECT_THAT(run->orders(), IsEmpty());
  run->advance(1ms);
  EXPECT_THAT(run->orders(), ElementsAre("abandon sub/b#0", "stopped"));
  ASSERT_EQ(run->published.size(), 1U);
  EXPECT_EQ(run->published[0].kind, event_kind::abandoned);
  EXPECT_EQ(run->published[0].path, "sub/b");
}

TEST_F(plan_with_orphans, they_do_not_count_without_an_end_that_has_a_time) {
  run->take(plan::orphaned{"sub/a"});
  run->crash("sub");
  EXPECT_THAT(run->orders(), ElementsAre("start sub#2"));
  run->take(plan::stop_all{});
  run->take(plan::orphaned{"sub/b"});
  run->crash("sub");
  EXPECT_THAT(run->orders(), ElementsAre("stop sub#2", "stopped"));
}

}  // namespace
}  // namespace bulwark
