// SPDX-License-Identifier: BSD-3-Clause
// Goal: what a node's log says of peers that are not up any more is found, with its time, and nothing else.
// Method: lines of real logs.
#include "bulwark/load/suspicions.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace bulwark::load {
namespace {

using namespace std::chrono_literals;

constexpr auto afternoon = std::chrono::sys_days(std::chrono::year(2026) / 11 / 28) + 13h + 39min;

TEST(suspicions, are_found_in_a_log_in_their_order) {
  const auto found = suspicions_in(
      "2026-11-28T13:39:07.393Z warning n1 link n3: lost: user_shutdown\n"
      "2026-11-28T13:39:07.394Z warning n1 heartbeats: n3 is down, was up; silent for 39 ms\n"
      "2026-11-28T13:39:08.007Z warning n1 heartbeats: n12 is suspect, was up; silent for 501 ms\n");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], (suspicion{afternoon + 7394ms, "n3", "down"}));
  EXPECT_EQ(found[1], (suspicion{afternoon + 8007ms, "n12", "suspect"}));
}

TEST(suspicions, are_not_what_says_something_else) {
  for (const std::string line : {
           "2026-11-28T13:39:07.429Z info  n1 heartbeats: n3 is up, was down; silent for 0 ms\n",
           "2026-11-28T13:39:07.429Z info  n1 heartbeats: n3 is a new process\n",
           "2026-11-28T13:39:07.429Z warning n1 heartbeats: n3 is down, was suspect; silent for 700 ms\n",
           "no time at all n1 heartbeats: n3 is down, was up; silent for 39 ms\n",
           "2026-13-28T13:39:07.429Z warning n1 heartbeats: n3 is down, was up; silent for 39 ms\n",
           "2026-11-28T13:39:07.394Z warning n1 heartbeats: n3 is down, was up; not ended",
           "",
       }) {
    EXPECT_TRUE(suspicions_in(line).empty()) << line;
  }
}

}  // namespace
}  // namespace bulwark::load
