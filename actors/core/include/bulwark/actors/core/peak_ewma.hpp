// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cmath>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// A moving average of latencies that believes bad news at once and good news slowly: a sample above the
/// average replaces it, one below pulls it down with weight 1 - exp(-dt / tau). Without samples it fades, so
/// that a worker that was slow once gets another chance.
///
/// Source:  Finagle's PeakEwma load metric
/// Owner:   one thread at a time
/// Time:    caller passes `now`; a step back counts as no time
class peak_ewma {
 public:
  explicit peak_ewma(duration tau = std::chrono::seconds{1}) noexcept : tau_{tau} {}

  void observe(duration latency, instant now) noexcept {
    const auto sample = static_cast<double>(latency.count());
    const auto keep = fading(now);
    average_ = sample > average_ ? sample : average_ * keep + sample * (1 - keep);
    if (now > at_) at_ = now;
  }

  /// Nanoseconds; 0: nothing seen, or too long ago.
  [[nodiscard]] double value(instant now) const noexcept {
    const auto faded = average_ * fading(now);
    return faded < 1 ? 0 : faded;
  }

 private:
  [[nodiscard]] double fading(instant now) const noexcept {
    if (now <= at_) return 1;
    return std::exp(-static_cast<double>((now - at_).count()) / static_cast<double>(tau_.count()));
  }

  duration tau_;
  double average_ = 0;
  instant at_{};
};

}  // namespace bulwark
