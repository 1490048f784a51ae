// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/supervision/core/child_spec.hpp"

namespace bulwark {

/// Allows at most `intensity` restarts within any window of `period`, exact to the nanosecond (a restart that
/// lies exactly `period` back still counts). Constant time per restart: it only asks whether the restart
/// `intensity` places back has left the window. Memory: one time stamp per restart, at most `intensity`.
class restart_budget {
 public:
  /// `supervisor_flags::unlimited` as intensity allows everything.
  restart_budget(std::uint32_t intensity, duration period) : intensity_{intensity}, period_{period} {}

  /// Charges one restart attempt; false if that is one too many. `now` never goes back.
  [[nodiscard]] bool charge(instant now);

 private:
  std::uint32_t intensity_;
  duration period_;
  std::vector<instant> stamps_;  ///< a ring once it holds `intensity_` of them
  std::size_t oldest_ = 0;       ///< in a full ring: the next one to be overwritten
};

}  // namespace bulwark
