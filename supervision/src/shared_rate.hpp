// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <mutex>

#include "bulwark/supervision/core/restart_rate.hpp"

namespace bulwark {

/// The restart rate of a tree, for the supervisors of all its threads.
class shared_rate {
 public:
  explicit shared_rate(const restart_rate_options& options) : rate_{options} {}

  [[nodiscard]] instant reserve(instant now) {
    const std::lock_guard guard{mutex_};
    return rate_.reserve(now);
  }

 private:
  std::mutex mutex_;
  restart_rate rate_;
};

}  // namespace bulwark
