// SPDX-License-Identifier: BSD-3-Clause
// Goal: a pool grows under lasting pressure, shrinks after a long quiet, keeps its bounds, and rests in
// between. Method: each rule by samples made by hand. How that works out with queues is in
// pool_size_queue_test.cpp.
#include "bulwark/actors/core/pool_size.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <ostream>

namespace bulwark {

static std::ostream& operator<<(std::ostream& out, const pool_resize& what) {
  return out << what.from << " to " << what.to << ": " << to_string(what.why);
}

namespace {

using namespace std::chrono_literals;
using enum resize_cause;

constexpr instant noon{12h};

/// Gives samples a second apart, each like the one before but for what the test changes.
class pool_size_test : public testing::Test {
 protected:
  /// What the first of so many samples brings that brings something.
  std::optional<pool_resize> give(int samples) {
    for (int i = 0; i < samples; ++i) {
      next.at += 1s;
      if (const auto change = size.step(next, next.at)) return change;
    }
    return std::nullopt;
  }

  std::optional<pool_resize> give(int samples, std::int64_t in_flight) {
    next.in_flight = in_flight;
    return give(samples);
  }

  pool_size size{{.max = 20, .load_high = 2, .load_aimed = 1, .load_low = 0.5}};
  pool_sample next{.at = noon, .workers = 8, .removable = 8};
};

TEST_F(pool_size_test, grows_when_the_load_was_high_all_the_time) {
  EXPECT_EQ(give(3, 16), std::nullopt) << "three samples are two seconds";
  EXPECT_EQ(give(1), (pool_resize{8, 12, pressure})) << "by half, though 16 would be needed";
}

TEST_F(pool_size_test, one_burst_or_one_pause_is_not_all_the_time) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(give(3, 1000), std::nullopt);
    EXPECT_EQ(give(1, 15), std::nullopt);
  }
}

TEST_F(pool_size_test, grows_no_further_than_the_lowest_load_needs) {
  next.workers = 1;
  next.removable = 1;
  EXPECT_EQ(give(4, 1000), (pool_resize{1, 2, pressure})) << "one at least";
  next.workers = 4;
  next.unfit = 2;
  (void)give(5, 4);
  EXPECT_EQ(give(4), std::nullopt) << "the window has begun anew, and is over";
}

TEST_F(pool_size_test, aims_at_the_load_that_was_asked_for) {
  pool_size aiming{{.max = 100, .load_high = 2, .load_aimed = 1.6, .grow_by = 1}};
  size.begin_anew(noon);
  std::optional<pool_resize> change;
  for (int i = 0; i < 4; ++i) {
    next.at += 1s;
    next.in_flight = i == 2 ? 17 : 100;
    change = aiming.step(next, next.at);
  }
  EXPECT_EQ(change, (pool_resize{8, 11, pressure})) << "17 / 1.6 = 10.6";
}

TEST_F(pool_size_test, what_waits_is_refused_or_leased_is_load) {
  for (const auto part : {0, 1, 2}) {
    size.begin_anew(next.at);
    next.waiting = part == 0 ? 16 : 0;
    next.refused = part == 1 ? 16 : 0;
    next.leases = part == 2 ? 16 : 0;
    EXPECT_EQ(give(10), (pool_resize{8, 12, pressure})) << part;
  }
}

TEST_F(pool_size_test, who_is_unfit_is_no_capacity_but_counts) {
  next.unfit = 4;
  EXPECT_EQ(give(4, 8), (pool_resize{8, 12, pressure}));
  next.unfit = 8;
  EXPECT_EQ(give(10, 0), std::nullopt) << "nobody serves, but there is nothing to do";
  EXPECT_EQ(give(4, 1), (pool_resize{8, 9, pressure}));
}

TEST_F(pool_size_test, who_starts_is_counted_as_there) {
  EXPECT_EQ(give(4, 16), (pool_resize{8, 12, pressure}));
  next.workers = 12;
  EXPECT_EQ(give(60, 23), std::nullopt) << "below two for each of twelve";
}

TEST_F(pool_size_test, shrinks_when_a_whole_window_was_quiet) {
  EXPECT_EQ(give(60, 3), std::nullopt);
  EXPECT_EQ(give(1), (pool_resize{8, 6, quiet})) << "by a quarter, though 3 would do";
  next.workers = next.removable = 6;
  EXPECT_EQ(give(60), std::nullopt) << "a whole window for each step";
  EXPECT_EQ(give(1), (pool_resize{6, 5, quiet}));
}

TEST_F(pool_size_test, the_highest_load_of_the_window_counts) {
  EXPECT_EQ(give(1, 5), std::nullopt);
  EXPECT_EQ(give(60, 0), std::nullopt) << "the peak is within the window";
  EXPECT_EQ(give(1), (pool_resize{8, 6, quiet}));
}

TEST_F(pool_size_test, shrinks_no_further_than_the_highest_load_bears) {
  pool_size aiming{{.max = 20, .load_aimed = 0.55, .load_low = 0.5, .shrink_by = 1}};
  std::optional<pool_resize> change;
  for (int i = 0; i < 61; ++i) {
    next.at += 1s;
    next.in_flight = i == 20 ? 3 : 0;
    change = aiming.step(next, next.at);
  }
  EXPECT_EQ(change, (pool_resize{8, 6, quiet})) << "3 / 0.55 = 5.5";
}

TEST_F(pool_size_test, never_passes_its_bounds) {
  next.workers = 19;
  EXPECT_EQ(give(4, 1000), (pool_resize{19, 20, pressure}));
  next.workers = 20;
  EXPECT_EQ(give(100), std::nullopt);
  next.workers = 15;
  next.leaving = 5;
  EXPECT_EQ(give(100), std::nullopt) << "those that leave are still there";
  next.leaving = 0;
  next.workers = 1;
  EXPECT_EQ(give(200, 0), std::nullopt);
}

TEST_F(pool_size_test, too_few_or_too_many_are_corrected_at_once) {
  pool_size narrow{{.min = 3, .max = 6}};
  next.workers = 1;
  EXPECT_EQ(narrow.step(next, next.at), (pool_resize{1, 3, too_few}));
  next.at += 1s;
  EXPECT_EQ(narrow.step(next, next.at), (pool_resize{1, 3, too_few})) << "they could not be started";
  next.at += 1s;
  next.leaving = 4;
  EXPECT_EQ(narrow.step(next, next.at), (pool_resize{1, 2, too_few}));
  next.at += 1s;
  next.workers = 8;
  EXPECT_EQ(narrow.step(next, next.at), (pool_resize{8, 6, too_many}));
  next.at += 1s;
  next.removable = 1;
  EXPECT_EQ(narrow.step(next, next.at), (pool_resize{8, 7, too_many}));
  next.at += 1s;
  next.removable = 0;
  EXPECT_EQ(narrow.step(next, next.at), std::nullopt);
}

TEST_F(pool_size_test, takes_no_more_than_can_go) {
  next.removable = 1;
  EXPECT_EQ(give(61, 0), (pool_resize{8, 7, quiet}));
  next.removable = 0;
  EXPECT_EQ(give(100), std::nullopt);
}

TEST_F(pool_size_test, rests_after_each_change) {
  pool_size quick{{.max = 20, .grow_after = 0s, .shrink_after = 2s, .cooldown = 5s}};
  next.in_flight = 1000;
  EXPECT_NE(quick.step(next, next.at), std::nullopt);
  for (int i = 1; i < 5; ++i) EXPECT_EQ(quick.step(next, next.at += 1s), std::nullopt);
  EXPECT_NE(quick.step(next, next.at += 1s), std::nullopt);
}

TEST_F(pool_size_test, what_was_seen_before_a_change_decides_nothing_after_it) {
  EXPECT_EQ(give(60, 0), std::nullopt);
  size.begin_anew(next.at);
  EXPECT_EQ(give(60), std::nullopt);
  EXPECT_EQ(give(1), (pool_resize{8, 6, quiet}));
}

TEST_F(pool_size_test, stale_samples_are_ignored) {
  for (int i = 0; i < 20; ++i) {
    next.at += 1s;
    next.in_flight = 1000;
    EXPECT_EQ(size.step(next, next.at + 3001ms), std::nullopt);
  }
  EXPECT_EQ(size.step(next, next.at + 3s), std::nullopt) << "the first that counts";
  EXPECT_EQ(give(1), std::nullopt);
  next.at -= 500ms;
  next.in_flight = 0;
  EXPECT_EQ(size.step(next, next.at + 1s), std::nullopt) << "older than the one before";
  next.at += 500ms;
  EXPECT_EQ(give(1, 1000), std::nullopt);
  EXPECT_EQ(give(1), (pool_resize{8, 12, pressure}));
}

TEST_F(pool_size_test, nothing_is_decided_across_a_gap) {
  EXPECT_EQ(give(60, 0), std::nullopt);
  next.at += 2001ms;
  EXPECT_EQ(give(60), std::nullopt) << "nobody knows what was meanwhile";
  EXPECT_EQ(give(1), (pool_resize{8, 6, quiet}));
  EXPECT_EQ(give(59), std::nullopt);
  next.at += 2s;
  EXPECT_NE(give(3), std::nullopt) << "two samples may be missing";
}

TEST(pool_size_options, that_make_no_sense_are_refused) {
  const auto problem = [](auto change) {
    pool_size_options options;
    change(options);
    return options.validate();
  };
  using options = pool_size_options;
  EXPECT_EQ(options{}.validate(), "");
  EXPECT_NE(problem([](options& o) { o.min = 0; }), "");
  EXPECT_NE(problem([](options& o) { o.max = 0; }), "");
  EXPECT_EQ(problem([](options& o) { o.min = o.max = 3; }), "");
  EXPECT_NE(problem([](options& o) { o.load_low = 0; }), "");
  EXPECT_NE(problem([](options& o) { o.load_low = 1; }), "") << "as much as it aims at";
  EXPECT_NE(problem([](options& o) { o.load_high = 1; }), "");
  EXPECT_NE(problem([](options& o) { o.load_high = std::numeric_limits<double>::infinity(); }), "");
  EXPECT_NE(problem([](options& o) { o.load_aimed = std::numeric_limits<double>::quiet_NaN(); }), "");
  EXPECT_NE(problem([](options& o) { o.grow_by = 0; }), "");
  EXPECT_NE(problem([](options& o) { o.shrink_by = 1.01; }), "");
  EXPECT_NE(problem([](options& o) { o.period = 0s; }), "");
  EXPECT_NE(problem([](options& o) { o.grow_after = -1s; }), "");
  EXPECT_NE(problem([](options& o) { o.cooldown = -1s; }), "");
  EXPECT_NE(problem([](options& o) { o.shrink_after = 2s; }), "") << "below grow_after";
  EXPECT_NE(problem([](options& o) { o.period = 1ms; }), "") << "60000 samples";
}

}  // namespace
}  // namespace bulwark
