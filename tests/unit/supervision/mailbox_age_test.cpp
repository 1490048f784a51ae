// SPDX-License-Identifier: BSD-3-Clause
// Goal: the age of a mailbox is never above the truth, and below it by less than the time between two looks.
// Method: by hand; and a random actor whose messages do have time stamps, compared at each look.
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <random>

#include "bulwark/supervision/core/mailbox_age.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

constexpr instant start{1h};

TEST(mailbox_age, an_empty_mailbox_has_none) {
  mailbox_age age;
  EXPECT_EQ(age.look(0, 0, start), 0ns);
  EXPECT_EQ(age.look(500, 0, start + 1h), 0ns);
}

TEST(mailbox_age, grows_while_the_actor_hangs_and_is_gone_once_it_has_caught_up) {
  mailbox_age age;
  EXPECT_EQ(age.look(10, 3, start), 0ns) << "nobody knows since when";
  EXPECT_EQ(age.look(10, 3, start + 1s), 1s);
  EXPECT_EQ(age.look(12, 9, start + 2s), 2s) << "one of the three waits still";
  EXPECT_EQ(age.look(13, 8, start + 3s), 1s) << "those that came by the look after";
  EXPECT_EQ(age.look(21, 0, start + 4s), 0ns);
  EXPECT_EQ(age.look(21, 1, start + 9s), 0ns) << "a new one";
}

TEST(mailbox_age, a_busy_actor_that_keeps_up_has_none) {
  mailbox_age age;
  for (std::uint64_t i = 0; i < 1000; ++i) EXPECT_EQ(age.look(100 * i, 50, start + i * 100ms), 0ns);
}

TEST(mailbox_age, of_another_incarnation_nothing_is_known_yet) {
  mailbox_age age;
  age.look(1000, 5, start);
  EXPECT_EQ(age.look(1000, 5, start + 1s), 1s);
  EXPECT_EQ(age.look(2, 5, start + 2s), 0ns);
  EXPECT_EQ(age.look(3, 5, start + 3s), 1s);
}

TEST(mailbox_age, is_right_however_long_it_lasts) {
  mailbox_age age;
  for (std::uint64_t i = 0; i < 3 * mailbox_age::looks_max; ++i)
    EXPECT_EQ(age.look(7, 1 + i, start + i * 100ms), i * 100ms);
}

TEST(mailbox_age, agrees_with_time_stamps_to_one_look) {  // looks are less than 200 ms apart
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    std::mt19937_64 random{seed};
    mailbox_age age;
    std::deque<instant> mail;
    std::uint64_t handled = 0;
    instant now = start;
    for (int step = 0; step < 2000; ++step) {
      for (auto more = random() % 20; more > 0; --more) {
        now += 1ms * (random() % 10);
        mail.push_back(now);
      }
      now += 1ms;
      // Bursts of idleness: sometimes the backlog grows for a while.
      const auto able = step / 50 % 2 == 0 ? random() % 8 : 40;
      for (auto i = able; i > 0 && !mail.empty(); --i) {
        mail.pop_front();
        ++handled;
      }
      const auto seen = age.look(handled, mail.size(), now);
      const auto truth = mail.empty() ? duration{} : now - mail.front();
      ASSERT_LE(seen, truth) << "seed " << seed << ", step " << step;
      ASSERT_GE(seen + 200ms, truth) << "seed " << seed << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace bulwark::test
