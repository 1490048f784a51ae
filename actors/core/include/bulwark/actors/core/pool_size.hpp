// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// How many workers a pool has under which load. Load is counted in messages per worker: those in flight and
/// leases, and those for which no worker has room.
struct pool_size_options {
  std::size_t min = 1;  ///< workers; at least 1
  std::size_t max = 8;  ///< workers; at least `min`

  double load_high = 2.0;   ///< per worker: so much or more all the time, and the pool grows
  double load_aimed = 1.0;  ///< per worker: what it is to have after a change
  double load_low = 0.7;    ///< per worker: never more than this for long, and the pool shrinks

  double grow_by = 0.5;     ///< of the workers there are: the most that one change adds; at least one worker
  double shrink_by = 0.25;  ///< of the workers there are: the most that one change takes; at least one worker

  duration period = std::chrono::seconds{1};         ///< from one sample to the next
  duration grow_after = std::chrono::seconds{3};     ///< of high load
  duration shrink_after = std::chrono::seconds{60};  ///< of low load; at most 10'000 periods
  duration cooldown = std::chrono::seconds{5};       ///< after each change: no other one because of load

  /// A sample that is older than this when it comes says nothing, nor do those before a longer gap.
  [[nodiscard]] duration sample_limit() const noexcept { return 3 * period; }

  /// Empty if a pool can go by them, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// A pool and its load at one moment.
struct pool_sample {
  instant at{};
  std::size_t workers = 0;     ///< that are to stay; those that start or restart count as there
  std::size_t unfit = 0;       ///< of these: no capacity, since ejected, parked, or not in the router
  std::size_t removable = 0;   ///< of these: could be taken out now
  std::size_t leaving = 0;     ///< beside these: on their way out for good
  std::int64_t in_flight = 0;  ///< messages at the workers
  std::int64_t leases = 0;     ///< long-lived things at the workers
  std::uint64_t waiting = 0;   ///< messages for which no worker has room
  std::uint64_t refused = 0;   ///< messages turned away since the sample before

  [[nodiscard]] std::int64_t load() const noexcept {
    return in_flight + leases + static_cast<std::int64_t>(waiting + refused);
  }
};

enum class resize_cause : std::uint8_t {
  too_few,   ///< fewer workers than `min`
  too_many,  ///< more workers than `max`
  pressure,  ///< the load was high
  quiet,     ///< the load was low
};

/// What a pool is to become.
struct pool_resize {
  std::size_t from = 0;
  std::size_t to = 0;
  resize_cause why = resize_cause::pressure;

  friend bool operator==(const pool_resize&, const pool_resize&) = default;
};

[[nodiscard]] const char* to_string(resize_cause why) noexcept;

/// Decides how many workers a pool has, by samples of its load.
///
/// It grows when even the lowest load of `grow_after` was high, and shrinks when even the highest of
/// `shrink_after` was low: one burst or one pause changes nothing. How far goes by `load_aimed`, as the
/// HorizontalPodAutoscaler of Kubernetes does with its target; how fast by a share of the workers there are,
/// as rampupRate and backoffRate of Akka's DefaultResizer. After each change it begins to look anew, so the
/// load of one size decides once. Fewer workers than `min` or more than `max` are corrected at once.
///
/// Owner:      one pool; not thread-safe
/// Invariants: (1) min <= to <= max - leaving for each resize that is because of load
///             (2) two of these are at least `cooldown` apart, and a shrink has `shrink_after` without any
///             change before it
/// Time:       caller passes `now`; never goes back
/// Errors:     a sample older than sample_limit(), or than the one before, is ignored
/// Bounds:     the samples of `shrink_after` are remembered, and one more
class pool_size {
 public:
  /// The options must be valid.
  explicit pool_size(const pool_size_options& options) : options_{options} {}

  /// Takes one sample; what is to be changed, if anything.
  std::optional<pool_resize> step(const pool_sample& sample, instant now);

  /// The size has changed otherwise: what was seen so far says nothing any more.
  void begin_anew(instant now);

  [[nodiscard]] const pool_size_options& options() const noexcept { return options_; }

 private:
  struct record {
    instant at{};
    std::int64_t load = 0;
  };

  void remember(const pool_sample& sample);
  [[nodiscard]] bool covers(duration window) const;
  [[nodiscard]] std::int64_t least_within(duration window) const;
  /// Workers that there may be while others leave.
  [[nodiscard]] std::size_t room_beside(const pool_sample& sample) const;
  [[nodiscard]] std::size_t needed(std::int64_t load, std::size_t unfit) const;
  [[nodiscard]] std::size_t size_by_load(const pool_sample& sample) const;

  const pool_size_options options_;
  std::deque<record> seen_;  ///< since the last change, the oldest first
  std::optional<instant> changed_;
};

}  // namespace bulwark
