// SPDX-License-Identifier: BSD-3-Clause
// Goal: an append is made by a thread that has other things to do only while that is quick.
// Method: appends at given times, of given lengths.
#include "bulwark/consensus/core/append_pace.hpp"

#include <gtest/gtest.h>

namespace bulwark::consensus {
namespace {

using namespace std::chrono_literals;

/// Appends one after the other, each of which takes `took` and is followed by `pause`.
class log_at_work {
 public:
  void append(duration took, duration pause, std::size_t times = 1) {
    for (std::size_t i = 0; i < times; ++i) {
      pace_.add(now_, now_ + took);
      now_ += took + pause;
    }
  }
  void pass(duration time) { now_ += time; }
  [[nodiscard]] bool is_calm() const { return pace_.is_calm(now_); }

 private:
  append_pace pace_;
  instant now_{1h};
};

TEST(append_pace, a_log_that_is_idle_most_of_the_time_is_calm) {
  log_at_work log;
  log.append(100us, 150us, append_pace::remembered);
  EXPECT_TRUE(log.is_calm());
}

TEST(append_pace, a_log_that_was_hardly_used_is_not_known_to_be_calm) {
  log_at_work log;
  log.append(100us, 150us, append_pace::remembered - 1);
  EXPECT_FALSE(log.is_calm());
  log.append(100us, 150us);
  EXPECT_TRUE(log.is_calm());
}

TEST(append_pace, a_busy_log_is_not_calm_until_it_has_rested) {
  log_at_work log;
  log.append(100us, 5us, append_pace::remembered);
  EXPECT_FALSE(log.is_calm());
  log.pass(1ms);
  EXPECT_TRUE(log.is_calm());
}

TEST(append_pace, one_slow_append_is_enough_until_it_is_forgotten) {
  log_at_work log;
  log.append(100us, 10ms, append_pace::remembered);
  log.append(append_pace::quick_max + 1us, 10ms);
  log.append(100us, 10ms, append_pace::remembered - 1);
  EXPECT_FALSE(log.is_calm());
  log.append(100us, 10ms);
  EXPECT_TRUE(log.is_calm());
}

}  // namespace
}  // namespace bulwark::consensus
