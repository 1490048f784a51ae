// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bulwark/actors/core/routing_policy.hpp"
#include "bulwark/actors/core/time.hpp"

namespace bulwark::bench {

/// What one worker has done; written by its thread, read when it is idle.
struct worker_tally {
  std::vector<double> latencies_ms;  ///< from the intended send time to the end of the work
  std::vector<std::int64_t> jobs;    ///< by their intended send time
  std::atomic<std::uint64_t> handled{0};
  double slowness = 1;    ///< service times are this much longer
  duration stall_each{};  ///< 0: never
  duration stall{};
};

using shared_tally = std::shared_ptr<worker_tally>;

/// A worker with a thread of its own. A job is two numbers, intended send time and service time in
/// nanoseconds; the work is to sleep. Jobs that are requests are answered by their intended send time.
[[nodiscard]] caf::actor spawn_sleeper(caf::actor_system& system, const shared_tally& tally);

/// Offers jobs at random moments, whether or not earlier ones are finished.
struct offered_load {
  double per_second = 1000;
  double seconds = 3;
  duration service = std::chrono::milliseconds{2};
  bool exponential = true;  ///< service times; otherwise all are equal
  std::uint64_t seed = 1;   ///< the same seed offers the same jobs
};

/// Calls `send` at each job's time, in the calling thread; a late one at once. Returns how many there were.
std::uint64_t offer(const offered_load& load,
                    const std::function<void(std::int64_t intended, std::int64_t service)>& send);

/// The value below which this share of the samples lies; they are sorted by it.
[[nodiscard]] double quantile(std::vector<double>& samples, double share);

/// Eight sleepers and a way to reach them.
class worker_row {
 public:
  /// `spoil` may make some of them slow.
  worker_row(caf::actor_system& system, const std::function<void(std::vector<shared_tally>&)>& spoil,
             std::size_t count = 8);
  ~worker_row();
  worker_row(const worker_row&) = delete;
  worker_row& operator=(const worker_row&) = delete;

  [[nodiscard]] const std::vector<caf::actor>& workers() const noexcept { return workers_; }
  /// One more; the row takes care of its end.
  caf::actor join();
  /// Ends all; what they had is not done.
  void end();
  /// How often each job was handled by somebody. After end().
  [[nodiscard]] std::map<std::int64_t, int> jobs() const;
  /// Waits until so many jobs are handled, or for a minute.
  bool await(std::uint64_t jobs) const;
  /// Of all jobs.
  [[nodiscard]] std::vector<double> latencies() const;
  /// The most loaded worker's jobs against the mean.
  [[nodiscard]] double max_to_mean() const;

 private:
  caf::actor_system& system_;
  std::vector<shared_tally> tallies_;
  std::vector<caf::actor> workers_;
};

[[nodiscard]] inline std::int64_t clock_ns() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

}  // namespace bulwark::bench
