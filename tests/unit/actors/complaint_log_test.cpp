// SPDX-License-Identifier: BSD-3-Clause
// Goal: what is complained about again and again gets a line per period, and memory stays bounded. Method:
// a table of complaints with their times.
#include "bulwark/actors/core/complaint_log.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bulwark {
namespace {

using namespace std::chrono_literals;

constexpr instant start{1h};

TEST(complaint_log_test, the_first_complaint_is_logged_and_then_one_per_period) {
  complaint_log log{60s};
  EXPECT_EQ(log.note("a", start), 0u);
  EXPECT_EQ(log.note("a", start + 1s), std::nullopt);
  EXPECT_EQ(log.note("a", start + 59s), std::nullopt);
  EXPECT_EQ(log.note("a", start + 60s), 2u);
  EXPECT_EQ(log.note("a", start + 61s), std::nullopt);
}

TEST(complaint_log_test, matters_are_told_apart) {
  complaint_log log{60s};
  EXPECT_EQ(log.note("a", start), 0u);
  EXPECT_EQ(log.note("b", start), 0u);
}

TEST(complaint_log_test, beyond_the_bound_all_others_count_as_one) {
  complaint_log log{60s, 2};
  EXPECT_EQ(log.note("a", start), 0u);
  EXPECT_EQ(log.note("b", start + 1s), 0u);
  EXPECT_EQ(log.note("c", start + 2s), 0u);
  EXPECT_EQ(log.note("d", start + 3s), std::nullopt);
  EXPECT_EQ(log.note("a", start + 4s), std::nullopt);
  EXPECT_EQ(log.note("e", start + 60s), 0u)
      << "the place of a matter whose period is over was not given away";
}

TEST(complaint_log_test, a_first_complaint_at_the_beginning_of_time_is_logged) {
  complaint_log log{60s};
  EXPECT_EQ(log.note("a", instant{}), 0u);
}

}  // namespace
}  // namespace bulwark
