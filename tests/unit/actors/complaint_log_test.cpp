// SPDX-License-Identifier: BSD-3-Clause
// Goal: what is complained about again and again gets a line per period, and memory stays bounded. Method:
// a table of complaints with their times.
#include "bulwark/actors/core/complaint_log.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bulwark {
namespace {

using namespace std::chrono_literals;

constexpr instant first_complaint{1h};

TEST(complaint_log_test, the_first_complaint_is_logged_and_then_one_per_period) {
  complaint_log log{60s};
  EXPECT_EQ(log.note("a", first_complaint), 0u);
  EXPECT_EQ(log.note("a", first_complaint + 1s), std::nullopt);
  EXPECT_EQ(log.note("a", first_complaint + 59s), std::nullopt);
  EXPECT_EQ(log.note("a", first_complaint + 60s), 2u);
  EXPECT_EQ(log.note("a", first_complaint + 61s), std::nullopt);
}

TEST(complaint_log_test, matters_are_told_apart) {
  complaint_log log{60s};
  EXPECT_EQ(log.note("a", first_complaint), 0u);
  EXPECT_EQ(log.note("b", first_complaint), 0u);
}

TEST(complaint_log_test, beyond_the_bound_all_others_count_as_one) {
  complaint_log log{60s, 2};
  EXPECT_EQ(log.note("a", first_complaint), 0u);
  EXPECT_EQ(log.note("b", first_complaint + 1s), 0u);
  EXPECT_EQ(log.note("c", first_complaint + 2s), 0u);
  EXPECT_EQ(log.note("d", first_complaint + 3s), std::nullopt);
  EXPECT_EQ(log.note("a", first_complaint + 4s), std::nullopt);
  EXPECT_EQ(log.note("e", first_complaint + 60s), 0u)
      << "the place of a matter whose period is over was not given away";
}

TEST(complaint_log_test, a_first_complaint_at_the_beginning_of_time_is_logged) {
  complaint_log log{60s};
  EXPECT_EQ(log.note("a", instant{}), 0u);
}

}  // namespace
}  // namespace bulwark
