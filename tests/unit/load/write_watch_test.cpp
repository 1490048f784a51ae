// SPDX-License-Identifier: BSD-3-Clause
// Goal: a stop of writes is measured from the fault, and writes already on their way do not hide it.
// Method: a timeline by hand.
#include "bulwark/load/write_watch.hpp"

#include <gtest/gtest.h>

namespace bulwark::load {
namespace {

using std::chrono::milliseconds;

constexpr instant at(int ms) { return instant(milliseconds(ms)); }

TEST(write_watch, first_write_counts_only_if_sent_after_the_fault) {
  write_watch watch(at(0));
  watch.mark(at(100));
  watch.add(at(99), at(101));
  EXPECT_FALSE(watch.first_write());
  watch.add(at(150), at(350));
  watch.add(at(360), at(370));
  EXPECT_EQ(watch.first_write(), milliseconds(250));
}

TEST(write_watch, longest_gap_includes_the_one_under_way) {
  write_watch watch(at(0));
  watch.mark(at(100));
  watch.add(at(99), at(110));
  watch.add(at(120), at(150));
  EXPECT_EQ(watch.longest_gap(at(160)), milliseconds(40));
  EXPECT_EQ(watch.longest_gap(at(400)), milliseconds(250));
}

TEST(write_watch, a_new_mark_forgets_what_was) {
  write_watch watch(at(0));
  watch.add(at(500), at(900));
  watch.mark(at(1000));
  EXPECT_FALSE(watch.first_write());
  EXPECT_EQ(watch.longest_gap(at(1005)), milliseconds(5));
}

}  // namespace
}  // namespace bulwark::load
