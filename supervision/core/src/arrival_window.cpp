// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/arrival_window.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark {

namespace {

/// Longer intervals count as this long: far above all that is sensible, and its square times any capacity
/// still fits into 64 bits.
constexpr duration interval_max = std::chrono::minutes{2};

std::uint32_t microseconds_of(duration interval) {
  const auto bounded = std::clamp(interval, duration::zero(), interval_max);
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(bounded).count());
}

duration from_microseconds(double count) {
  return std::chrono::duration_cast<duration>(std::chrono::duration<double, std::micro>{count});
}

}  // namespace

double phi_of(double deviations) {
  // Beyond this erfc comes near the smallest double; the first terms of its asymptotic series are exact
  // enough.
  constexpr double far_out = 30;
  if (deviations < far_out) return -std::log10(0.5 * std::erfc(deviations / std::numbers::sqrt2));
  const double square = deviations * deviations;
  const double ln_tail = -square / 2 - std::log(deviations * std::sqrt(2 * std::numbers::pi)) +
                         std::log1p(-1 / square + 3 / (square * square));
  return -ln_tail / std::numbers::ln10;
}

double deviations_at(double phi) {
  double low = -5;
  double high = 40;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (phi_of(middle) < phi ? low : high) = middle;
  }
  return high;
}

arrival_window::arrival_window(duration expected, std::size_t capacity) : capacity_{capacity} {
  BULWARK_INVARIANT(capacity >= 2 && capacity <= 1000);
  microseconds_.reserve(capacity);
  add(expected - expected / 4);
  add(expected + expected / 4);
}

void arrival_window::add(duration interval) {
  const std::uint64_t added = microseconds_of(interval);
  if (microseconds_.size() < capacity_) {
    microseconds_.push_back(static_cast<std::uint32_t>(added));
  } else {
    const std::uint64_t gone = std::exchange(microseconds_[oldest_], static_cast<std::uint32_t>(added));
    oldest_ = (oldest_ + 1) % capacity_;
    sum_ -= gone;
    sum_of_squares_ -= gone * gone;
  }
  sum_ += added;
  sum_of_squares_ += added * added;
}

duration arrival_window::mean() const {
  return from_microseconds(static_cast<double>(sum_) / static_cast<double>(microseconds_.size()));
}

duration arrival_window::deviation() const {
  const auto count = static_cast<double>(microseconds_.size());
  const double mean = static_cast<double>(sum_) / count;
  const double variance = static_cast<double>(sum_of_squares_) / count - mean * mean;
  return from_microseconds(std::sqrt(std::max(variance, 0.0)));
}

}  // namespace bulwark
