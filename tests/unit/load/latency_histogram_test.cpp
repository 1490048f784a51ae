// SPDX-License-Identifier: BSD-3-Clause
// Goal: quantiles are right to 2 % over the whole range, alone and merged.
// Method: known distributions, compared with the exact answer.
#include "bulwark/load/latency_histogram.hpp"

#include <gtest/gtest.h>

namespace bulwark::load {
namespace {

using std::chrono::microseconds;

double us(duration length) { return std::chrono::duration<double, std::micro>(length).count(); }

TEST(latency_histogram, is_empty_at_first) {
  const latency_histogram none;
  EXPECT_EQ(none.count(), 0U);
  EXPECT_EQ(none.quantile(0.5), duration{});
}

TEST(latency_histogram, quantiles_of_a_ramp_are_close) {
  latency_histogram ramp;
  for (int i = 1; i <= 100'000; ++i) ramp.add(microseconds(i));
  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    EXPECT_NEAR(us(ramp.quantile(share)), share * 100'000, share * 100'000 * 0.02) << share;
  }
  EXPECT_EQ(ramp.quantile(1), microseconds(100'000));
}

TEST(latency_histogram, every_value_lies_in_its_bucket) {
  for (std::int64_t value = 1; value < 3'600'000'000; value = value * 5 / 4 + 1) {
    latency_histogram one;
    one.add(microseconds(value));
    one.add(microseconds(2 * value));  // so that the cap at the maximum does not hide the bucket's top
    const auto found = us(one.quantile(0.5));
    EXPECT_GE(found, static_cast<double>(value));
    EXPECT_LE(found, static_cast<double>(value) * 1.02);
  }
}

TEST(latency_histogram, merging_adds_up) {
  latency_histogram low;
  latency_histogram high;
  for (int i = 0; i < 90; ++i) low.add(microseconds(10));
  for (int i = 0; i < 10; ++i) high.add(microseconds(1000));
  low.merge(high);
  EXPECT_EQ(low.count(), 100U);
  EXPECT_EQ(low.quantile(0.9), microseconds(10));
  EXPECT_NEAR(us(low.quantile(0.91)), 1000, 20);
  EXPECT_EQ(low.max(), microseconds(1000));
}

}  // namespace
}  // namespace bulwark::load
