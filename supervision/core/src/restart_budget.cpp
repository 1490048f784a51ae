// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/restart_budget.hpp"

namespace bulwark {

bool restart_budget::charge(instant now) {
  if (intensity_ == supervisor_flags::unlimited) return true;
  if (intensity_ == 0) return false;
  if (stamps_.size() < intensity_) {
    stamps_.push_back(now);
    return true;
  }
  if (now - stamps_[oldest_] <= period_) return false;
  stamps_[oldest_] = now;
  oldest_ = (oldest_ + 1) % stamps_.size();
  return true;
}

}  // namespace bulwark
