// SPDX-License-Identifier: BSD-3-Clause
// Goal: delays grow as asked, never beyond the limit, never to zero, and start over after a reset.
// Method: exact delays without jitter; bounds with it.
#include "bulwark/actors/core/backoff.hpp"

#include <gtest/gtest.h>

#include "bulwark/actors/core/random.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

TEST(backoff, grows_up_to_the_limit_and_stays_there) {
  backoff delays{{.initial = 100ms, .max = 1s, .factor = 2, .jitter = 0}};
  for (const auto wanted : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms})
    EXPECT_EQ(delays.next(0.5), duration{wanted});
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(delays.next(0.5), duration{1s});
  delays.reset();
  EXPECT_EQ(delays.next(0.5), duration{100ms});
}

TEST(backoff, jitter_stays_within_its_share_and_the_limit) {
  random_stream random{1};
  for (int round = 0; round < 1000; ++round) {
    backoff delays{{.initial = 100ms, .max = 400ms, .factor = 2, .jitter = 0.5}};
    for (const auto plain : {100ms, 200ms, 400ms}) {
      const auto delay = delays.next(random.next01());
      ASSERT_GE(delay, plain / 2);
      ASSERT_LE(delay, std::min<duration>(plain * 3 / 2, 400ms));
    }
  }
}

TEST(backoff, linear_delays_grow_by_the_first) {
  backoff delays{{.initial = 100ms, .max = 350ms, .jitter = 0, .growth = backoff_growth::linear}};
  for (const auto wanted : {100ms, 200ms, 300ms, 350ms, 350ms}) EXPECT_EQ(delays.next(0.5), duration{wanted});
}

TEST(backoff, jitter_goes_both_ways) {
  const backoff_options options{.initial = 100ms, .max = 1s, .factor = 2, .jitter = 0.25};
  EXPECT_EQ(backoff{options}.next(0.0), duration{75ms});
  EXPECT_EQ(backoff{options}.next(0.5), duration{100ms});
  EXPECT_EQ(backoff{options}.next(1.0), duration{125ms});
}

TEST(backoff, even_full_jitter_gives_no_zero_delay) {
  backoff delays{{.initial = 1ns, .max = 1s, .factor = 1, .jitter = 1}};
  EXPECT_GT(delays.next(0.0), duration::zero());
}

TEST(backoff, options_that_cannot_work_are_named) {
  EXPECT_EQ(backoff_options{}.validate(), "");
  EXPECT_EQ((backoff_options{.initial = 1s, .max = 1s, .factor = 1, .jitter = 1}).validate(), "");
  EXPECT_NE((backoff_options{.initial = 0s}).validate(), "");
  EXPECT_NE((backoff_options{.initial = 2s, .max = 1s}).validate(), "");
  EXPECT_NE((backoff_options{.factor = 0.5}).validate(), "");
  EXPECT_NE((backoff_options{.jitter = 1.5}).validate(), "");
}

}  // namespace
}  // namespace bulwark
