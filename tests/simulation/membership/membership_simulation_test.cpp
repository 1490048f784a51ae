// SPDX-License-Identifier: BSD-3-Clause
// Goal: in a world of delays, losses, cuts, pauses and crashes, those that are dead are found, those that are
// healthy are left alone, no name has two owners that act, and replicas agree.
// Method: small simulated worlds in virtual time: each scenario by itself with what it must come to, and
// random mixtures from seeds. The program membership_soak does the same with 1000 nodes and as many seeds as
// wanted.
#include <gtest/gtest.h>

#include "membership_scenarios.hpp"

namespace bulwark::test {
namespace {

world_options small_world() {
  world_options options;
  options.nodes = 40;
  options.children = 6;
  options.replicas = 5;
  return options;
}

scenario_outcome played(const std::string& name) { return run_scenario(name, small_world()); }

TEST(membership_simulation, nothing_happens_and_nothing_is_done) {
  const auto outcome = played("nothing happens");
  EXPECT_EQ(outcome.violation, "");
  EXPECT_EQ(outcome.suspicions, 0u);
  EXPECT_EQ(outcome.up, 40u);
  // Ten heartbeats a second to each of five subjects, and of the leader to the 34 others, their
  // acknowledgements, a poll, and leases.
  EXPECT_GT(outcome.messages, 117);
  EXPECT_LT(outcome.messages, 121);
}

TEST(membership_simulation, the_dead_are_found_by_all_and_nobody_else) {
  for (const auto* name : {"crash 1 %", "crash 10 %", "crash 30 %"}) {
    const auto outcome = played(name);
    EXPECT_EQ(outcome.violation, "") << name;
    EXPECT_EQ(outcome.dead_found, outcome.hit) << name;
    EXPECT_EQ(outcome.mistakes, 0u) << name;
    EXPECT_EQ(outcome.up, 40u - outcome.hit) << name;
    EXPECT_EQ(outcome.running, 6u) << name;
  }
}

TEST(membership_simulation, loss_and_broken_cables_end_nobody) {
  for (const auto* name : {"loss 5 %", "loss 10 %", "one cable cut, of 10 %"}) {
    const auto outcome = played(name);
    EXPECT_EQ(outcome.violation, "") << name;
    EXPECT_EQ(outcome.mistakes + outcome.faulty_found, 0u) << name;
    EXPECT_EQ(outcome.up, 40u) << name;
  }
}

TEST(membership_simulation, who_is_half_cut_off_is_found_and_comes_back) {
  for (const auto* name : {"deaf, 1 %", "mute, 1 %", "paused 5 s, 10 %", "partition, 30 % apart"}) {
    const auto outcome = played(name);
    EXPECT_EQ(outcome.violation, "") << name;
    EXPECT_GE(outcome.faulty_found, outcome.hit) << name;
    EXPECT_EQ(outcome.mistakes, 0u) << name;
    EXPECT_EQ(outcome.up, 40u) << name;
  }
}

TEST(membership_simulation, children_leave_drained_nodes_and_run_elsewhere) {
  const auto outcome = played("drained, 10 %");
  EXPECT_EQ(outcome.violation, "");
  EXPECT_EQ(outcome.running, 6u);
  EXPECT_EQ(outcome.mistakes + outcome.faulty_found, 0u);
}

TEST(membership_simulation, children_leave_nodes_that_stop_their_trees) {
  const auto outcome = played("trees stopped, 30 %");
  EXPECT_EQ(outcome.violation, "");
  EXPECT_EQ(outcome.running, 6u);
  EXPECT_EQ(outcome.up, 40u);
  EXPECT_EQ(outcome.suspicions, 0u);
}

TEST(membership_simulation, short_pauses_are_forgiven) {
  const auto outcome = played("paused 0.3 s, 10 %");
  EXPECT_EQ(outcome.violation, "");
  EXPECT_EQ(outcome.mistakes + outcome.faulty_found, 0u);
}

TEST(membership_simulation, the_same_seed_gives_the_same_world) {
  const auto one = played("crash 10 %");
  const auto other = played("crash 10 %");
  EXPECT_EQ(one.events, other.events);
  EXPECT_EQ(one.decided_ms, other.decided_ms);
}

class membership_chaos_seeds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(membership_chaos_seeds, keep_the_invariants_and_recover) {
  auto options = small_world();
  options.seed = GetParam();
  options.nodes = static_cast<std::uint32_t>(5 + GetParam() * 3 % 20);
  EXPECT_EQ(run_membership_chaos(options, 60), "");
}

class broken_cables_seeds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(broken_cables_seeds, leave_a_leader_that_misses_no_more_than_others) {
  auto options = small_world();
  options.seed = GetParam();
  options.nodes = static_cast<std::uint32_t>(5 + GetParam() * 3 % 15);
  EXPECT_EQ(run_broken_cables(options, static_cast<std::uint32_t>(1 + GetParam() % 6)), "");
}

INSTANTIATE_TEST_SUITE_P(seeds, broken_cables_seeds, testing::Range<std::uint64_t>(1, 31));

INSTANTIATE_TEST_SUITE_P(seeds, membership_chaos_seeds, testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace bulwark::test
