// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/supervision/core/vitals.hpp"

namespace bulwark {

/// Measures what this process uses: processor time since the last call, and resident memory.
///
/// Owner:  one caller; not thread-safe
/// Errors: what the system does not tell counts as zero
/// Cost:   two system calls and a read of /proc, some 10 us
class process_meter {
 public:
  /// `lag_us` and `queue` are left at zero. The first call has nothing to compare with: no processor time.
  [[nodiscard]] vitals measure(instant now);

 private:
  std::int64_t cpu_us_ = 0;
  instant measured_{};
};

}  // namespace bulwark
