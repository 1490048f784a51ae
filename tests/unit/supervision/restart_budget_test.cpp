// SPDX-License-Identifier: BSD-3-Clause
// Goal: a budget allows exactly `intensity` restarts in any window, to the nanosecond.
// Method: edges by hand, and random sequences against a model that counts all restarts in the window each
// time.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "bulwark/actors/core/random.hpp"
#include "bulwark/supervision/core/restart_budget.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

TEST(restart_budget, the_restart_after_the_last_allowed_one_is_refused) {
  restart_budget budget{2, 5s};
  const instant start{1h};
  EXPECT_TRUE(budget.charge(start));
  EXPECT_TRUE(budget.charge(start));
  EXPECT_FALSE(budget.charge(start));
}

TEST(restart_budget, none_allows_none_and_unlimited_allows_all) {
  restart_budget none{0, 5s};
  restart_budget all{supervisor_flags::unlimited, 5s};
  const instant start{1h};
  EXPECT_FALSE(none.charge(start));
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(all.charge(start));
}

TEST(restart_budget, the_window_ends_exactly_one_nanosecond_after_the_period) {
  const instant start{1h};
  restart_budget at_the_edge{1, 5s};
  EXPECT_TRUE(at_the_edge.charge(start));
  EXPECT_FALSE(at_the_edge.charge(start + 5s));
  restart_budget behind_it{1, 5s};
  EXPECT_TRUE(behind_it.charge(start));
  EXPECT_TRUE(behind_it.charge(start + 5s + 1ns));
}

TEST(restart_budget, a_million_restarts_in_the_window_are_allowed_and_the_next_is_not) {
  restart_budget budget{1'000'000, 1h};
  const instant start{1h};
  for (int i = 0; i < 1'000'000; ++i) ASSERT_TRUE(budget.charge(start + i * 1us));
  EXPECT_FALSE(budget.charge(start + 1h));
  EXPECT_TRUE(budget.charge(start + 1h + 1ns));
}

TEST(restart_budget, agrees_with_counting_the_window_each_time) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    random_stream random{seed};
    const auto intensity = static_cast<std::uint32_t>(random.below(8));
    restart_budget budget{intensity, 100ns};
    std::vector<instant> granted;
    instant now{1h};
    for (int i = 0; i < 300; ++i) {
      now += duration{static_cast<duration::rep>(random.below(60))};
      const auto in_window = std::ranges::count_if(granted, [&](instant one) { return now - one <= 100ns; });
      const bool expected = in_window < static_cast<std::ptrdiff_t>(intensity);
      ASSERT_EQ(budget.charge(now), expected) << "seed " << seed << ", restart " << i;
      if (expected) granted.push_back(now);
    }
  }
}

}  // namespace
}  // namespace bulwark
