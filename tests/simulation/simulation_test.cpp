// SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever the network, the disks and the nodes do, a group agrees, keeps what it acknowledged, reads
// nothing stale,
//       and serves again once the faults end.
// Method: deterministic simulation of whole clusters, each step of which is checked; one world per seed.
//       BULWARK_SEED=N runs one seed, BULWARK_SEEDS=N that many in each shard.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "chaos.hpp"

namespace bulwark::test {
namespace {

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const auto* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

statistics run_seeds(std::uint64_t first, std::uint64_t count) {
  statistics all;
  for (auto seed = first; seed < first + count; ++seed) {
    const auto result = run_world(whole_world(seed));
    EXPECT_EQ(result.violation, "") << "consensus_soak --seed " << seed << " --shrink makes it small";
    if (!result.violation.empty()) break;
    all.add(result.seen);
  }
  return all;
}

TEST(simulation_quick, a_few_worlds_keep_every_promise) {
  if (const auto only = number_from("BULWARK_SEED", 0)) return void(run_seeds(only, 1));
  run_seeds(1, 40);
}

TEST(simulation_quick, nodes_that_lose_their_logs_and_are_rebuilt_break_no_promise) {
  std::uint64_t rebuilds = 0;
  const auto count = number_from("BULWARK_REBUILD_SEEDS", 400);
  for (std::uint64_t seed = 1; seed <= count && !HasFailure(); ++seed) {
    auto what = whole_world(seed);
    what.rebuilds = true;
    const auto result = run_world(what);
    EXPECT_EQ(result.violation, "");
    rebuilds += result.rebuilds;
  }
  EXPECT_GT(rebuilds, 0U);
  RecordProperty("rebuilds", static_cast<int>(rebuilds));
  std::printf("%llu rebuilds\n", static_cast<unsigned long long>(rebuilds));
}

/// Shards, so that ctest runs them beside each other.
class simulation : public testing::TestWithParam<std::uint64_t> {};

TEST_P(simulation, many_worlds_keep_every_promise_and_nothing_that_should_happen_is_missing) {
  if (number_from("BULWARK_SEED", 0)) GTEST_SKIP() << "one seed only";
  const auto count = number_from("BULWARK_SEEDS", 2500);
  const auto all = run_seeds(1000 + GetParam() * count, count);
  std::printf("%s", all.table().c_str());
  if (!HasFailure() && count >= 500) {
    EXPECT_EQ(all.missing(), "");
  }
}

INSTANTIATE_TEST_SUITE_P(shard, simulation, testing::Range<std::uint64_t>(0, 8));

}  // namespace
}  // namespace bulwark::test
