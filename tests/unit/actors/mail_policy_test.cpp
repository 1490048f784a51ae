// SPDX-License-Identifier: BSD-3-Clause
// Goal: a message is set aside after exactly as many crashes as its policy says, whatever else crashes.
// Method: fingerprints and times by hand.
#include "bulwark/actors/core/mail_policy.hpp"

#include <gtest/gtest.h>

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using enum poison_verdict;

constexpr instant start{};

TEST(poison_watch, loses_the_message_at_once_as_otp_does_unless_told_otherwise) {
  poison_watch watch;
  EXPECT_EQ(watch.crashed_on(1, start, {}), lose);
  EXPECT_EQ(watch.crashes_of(1), 0u);
}

TEST(poison_watch, sets_a_message_aside_at_its_last_crash_and_counts_from_zero_again) {
  poison_watch watch;
  const mail_policy thrice{.crashes_max = 3};
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(watch.crashed_on(1, start, thrice), try_again);
    EXPECT_EQ(watch.crashed_on(1, start, thrice), try_again);
    EXPECT_EQ(watch.crashes_of(1), 2u);
    EXPECT_EQ(watch.crashed_on(1, start, thrice), set_aside);
  }
  EXPECT_EQ(watch.crashed_on(1, start, {.crashes_max = 1}), set_aside);
}

TEST(poison_watch, counts_each_message_for_itself) {
  poison_watch watch;
  const mail_policy twice{.crashes_max = 2};
  EXPECT_EQ(watch.crashed_on(1, start, twice), try_again);
  EXPECT_EQ(watch.crashed_on(2, start, twice), try_again);
  EXPECT_EQ(watch.crashed_on(1, start, twice), set_aside);
  EXPECT_EQ(watch.crashed_on(2, start, twice), set_aside);
}

TEST(poison_watch, starts_anew_when_the_period_since_the_first_crash_is_over) {
  poison_watch watch;
  const mail_policy twice{.crashes_max = 2, .crash_period = 10s};
  EXPECT_EQ(watch.crashed_on(1, start, twice), try_again);
  EXPECT_EQ(watch.crashed_on(1, start + 10s, twice), try_again);
  EXPECT_EQ(watch.crashed_on(1, start + 20s - 1ns, twice), set_aside);
}

TEST(poison_watch, forgets_the_one_that_crashed_longest_ago_when_there_are_too_many) {
  poison_watch watch;
  const mail_policy twice{.crashes_max = 2};
  for (std::uint64_t message = 0; message <= poison_watch::suspects_max; ++message)
    EXPECT_EQ(watch.crashed_on(message, start, twice), try_again);
  EXPECT_EQ(watch.crashes_of(0), 0u);
  EXPECT_EQ(watch.crashed_on(1, start, twice), set_aside);
}

TEST(mail_policy, says_what_is_wrong_with_it) {
  EXPECT_EQ(mail_policy{}.validate(), "");
  EXPECT_NE((mail_policy{.crashes_max = 1, .crash_period = 0s}.validate()), "");
  EXPECT_NE((mail_policy{.crashes_max = 1, .dead_letters_max = 0}.validate()), "");
}

}  // namespace
}  // namespace bulwark
