// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <cstdint>
#include <functional>
#include <vector>

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
  /// `lag_us`, `queue` and `mailbox_age_us` are left at zero. The first call has nothing to compare with: no
  /// processor time.
  [[nodiscard]] vitals measure(instant now);

 private:
  std::int64_t cpu_us_ = 0;
  instant measured_{};
};

/// What a node tells of its load with each heartbeat, see heartbeat_options::load: a process_meter, and as
/// `queue` the messages that wait for `main_actors`, which may be stable references, and the age of the
/// oldest, at most a minute, see mailbox_age. Actors without a gauge count as empty.
///
/// Owner: one caller at a time; each copy measures from its own first call on
[[nodiscard]] std::function<vitals()> measured_load(std::vector<caf::actor> main_actors);

}  // namespace bulwark
