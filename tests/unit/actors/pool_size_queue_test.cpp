// SPDX-License-Identifier: BSD-3-Clause
// Goal: a pool follows its load, comes down after it, and does not flap.
// Method: one queue before workers that serve one message at a time, in virtual time: Poisson arrivals,
// exponential service of one second on average, workers that take two seconds to start, samples as the pool
// wants them; by seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <vector>

#include "bulwark/actors/core/pool_size.hpp"
#include "bulwark/actors/core/random.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

/// Seconds since the beginning.
using seconds = double;

class sized_queue {
 public:
  sized_queue(std::uint64_t seed, const pool_size_options& options)
      : random_{seed}, options_{options}, size_{options} {}

  /// So many messages a second arrive from now on, for so long.
  void run(double rate, seconds length) {
    const auto end = now_ + length;
    auto arrival = now_ + exponential(1 / rate);
    while (true) {
      const auto next = std::min({arrival, next_sample_, next_end(), next_start(), end});
      now_ = next;
      if (next == end) return;
      if (next == arrival) {
        line_.push_back(now_);
        arrival = now_ + exponential(1 / rate);
      } else if (next == next_sample_) {
        sample();
        next_sample_ += 1;
      } else if (next == next_start()) {
        starting_.pop_front();
        ++idle_;
      } else {
        busy_.erase(std::ranges::min_element(busy_));
        if (going_ > 0)
          --going_;
        else
          ++idle_;
      }
      serve();
    }
  }

  [[nodiscard]] std::size_t workers() const { return idle_ + busy_.size() - going_ + starting_.size(); }
  [[nodiscard]] std::size_t waiting() const { return line_.size(); }
  [[nodiscard]] int changes() const { return changes_; }
  [[nodiscard]] seconds longest_wait() const { return longest_wait_; }
  void forget() {
    changes_ = 0;
    longest_wait_ = 0;
  }

 private:
  static constexpr seconds never = std::numeric_limits<seconds>::infinity();

  seconds exponential(seconds mean) { return -mean * std::log1p(-random_.next01()); }
  [[nodiscard]] seconds next_end() const { return busy_.empty() ? never : *std::ranges::min_element(busy_); }
  [[nodiscard]] seconds next_start() const { return starting_.empty() ? never : starting_.front(); }

  void serve() {
    for (; idle_ > 0 && !line_.empty(); --idle_) {
      longest_wait_ = std::max(longest_wait_, now_ - line_.front());
      line_.pop_front();
      busy_.push_back(now_ + exponential(1));
    }
  }

  void sample() {
    const auto at = instant{} + std::chrono::duration_cast<duration>(std::chrono::duration<double>{now_});
    pool_sample what{.at = at, .workers = workers(), .waiting = line_.size()};
    what.removable = what.workers - starting_.size();
    what.in_flight = static_cast<std::int64_t>(busy_.size() - going_);
    const auto change = size_.step(what, at);
    if (!change) return;
    ++changes_;
    EXPECT_EQ(change->from, workers());
    for (auto more = change->from; more < change->to; ++more) starting_.push_back(now_ + 2);
    for (auto less = change->to; less < change->from; ++less) {
      if (idle_ > 0)
        --idle_;
      else
        ++going_;  // when it is done with what it has
    }
    EXPECT_EQ(workers(), change->to);
    EXPECT_GE(workers(), options_.min);
    EXPECT_LE(workers(), options_.max);
  }

  random_stream random_;
  const pool_size_options options_;
  pool_size size_;
  seconds now_ = 0;
  seconds next_sample_ = 0;
  std::deque<seconds> line_;      ///< when they came
  std::vector<seconds> busy_;     ///< when they will be done
  std::deque<seconds> starting_;  ///< when they will be there
  std::size_t idle_ = 0;
  std::size_t going_ = 0;  ///< of the busy ones: have no successor
  int changes_ = 0;
  seconds longest_wait_ = 0;
};

pool_size_options wide() {
  pool_size_options options;
  options.min = 2;
  options.max = 30;
  return options;
}

TEST(pool_size_queue, follows_a_step_of_load_and_comes_down_after_it) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    sized_queue queue{seed, wide()};
    queue.run(0.5, 300);
    EXPECT_LE(queue.workers(), 4u);
    queue.run(15, 60);
    EXPECT_GT(queue.workers(), 15u) << "more than the load needs, within 60 periods";
    queue.run(15, 120);
    EXPECT_LT(queue.waiting(), 30u) << "and what had gathered is done with";
    queue.run(0.5, 1200);
    EXPECT_LE(queue.workers(), 4u) << "some windows later";
  }
}

TEST(pool_size_queue, does_not_flap_under_a_constant_load_nor_keeps_what_it_does_not_need) {
  for (const double rate : {1.0, 3.0, 8.0, 20.0}) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", " << rate << " messages a second");
      sized_queue queue{seed, wide()};
      queue.run(25, 120);
      queue.run(rate, 1800);
      queue.forget();
      queue.run(rate, 3600);
      EXPECT_LE(queue.changes(), rate < 2 ? 12 : 2) << "in an hour";
      EXPECT_LE(static_cast<double>(queue.workers()), 2 * rate + 3);
    }
  }
}

TEST(pool_size_queue, waits_are_bounded_where_the_largest_size_is_enough) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    sized_queue queue{seed, wide()};
    for (const double rate : {4.0, 22.0, 10.0}) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", " << rate << " messages a second");
      queue.run(rate, 300);
      queue.forget();
      queue.run(rate, 900);
      EXPECT_LT(queue.longest_wait(), 5) << "service takes 1 on average";
    }
  }
}

TEST(pool_size_queue, overload_ends_at_the_bound) {
  auto options = wide();
  options.max = 5;
  sized_queue queue{1, options};
  queue.run(20, 200);
  EXPECT_EQ(queue.workers(), 5u);
  queue.run(0.1, 2000);
  EXPECT_EQ(queue.workers(), 2u);
  EXPECT_EQ(queue.waiting(), 0u);
}

}  // namespace
}  // namespace bulwark
