// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// The suspicion level of Hayashibara et al., "The phi accrual failure detector" (2004), section 4: -log10 of
/// the chance that a normally distributed value lies `deviations` standard deviations or more above its mean.
/// Exact, also far out, where the usual logistic approximation is wrong by an order of magnitude.
[[nodiscard]] double phi_of(double deviations);

/// How many standard deviations above the mean have this phi; the inverse of phi_of, for 0.01 to 300.
[[nodiscard]] double deviations_at(double phi);

/// Mean and deviation of the latest intervals between heartbeats. O(1) to add to, and no allocation after the
/// first. Not thread-safe.
class arrival_window {
 public:
  /// Begins as if it had seen two intervals, a quarter below and above the expected one.
  /// @pre 2 <= capacity <= 1000
  arrival_window(duration expected, std::size_t capacity);

  void add(duration interval);

  [[nodiscard]] duration mean() const;
  [[nodiscard]] duration deviation() const;

 private:
  std::vector<std::uint32_t> microseconds_;  ///< a ring once it is full
  std::size_t capacity_;
  std::size_t oldest_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t sum_of_squares_ = 0;
};

}  // namespace bulwark
