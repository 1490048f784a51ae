// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// How far an observer trusts itself: who is slow or half cut off sees faults in others. Each sign of that
/// makes it more patient, each good period less.
///
/// Source: Dadgar, Phillips, Currey, "Lifeguard: Local Health Awareness for More Accurate Failure Detection"
///         (2018), section IV.A; one step up and down as there
class local_health {
 public:
  explicit local_health(std::uint32_t score_max) : score_max_{score_max} {}

  /// It stood still, got no answer where it should have got one, or was wrongly suspected itself.
  void worsened() noexcept { score_ = std::min(score_ + 1, score_max_); }
  void improved() noexcept { score_ -= score_ > 0 ? 1 : 0; }

  /// 0 is the best.
  [[nodiscard]] std::uint32_t score() const noexcept { return score_; }

  /// A timeout as it is to be used now: (score + 1) times as long.
  [[nodiscard]] duration stretched(duration timeout) const noexcept { return timeout * (score_ + 1); }

 private:
  std::uint32_t score_max_;
  std::uint32_t score_ = 0;
};

}  // namespace bulwark
