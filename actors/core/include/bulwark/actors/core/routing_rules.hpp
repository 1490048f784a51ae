// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// What becomes of a message for which no worker has room.
enum class when_full : std::uint8_t {
  reject,            ///< refused at once
  drop_oldest,       ///< waits in line; a full line gives up its oldest
  block,             ///< waits in line; refused when the line is full. No thread waits
  shed_by_priority,  ///< waits in line, the more important ones in front; a full line gives up the least
                     ///< important, the newest among equals
};

/// Bounds of a router; 0 means without bound.
struct routing_bounds {
  std::int64_t per_worker = 0;  ///< messages in flight at each worker
  std::int64_t in_flight = 0;   ///< messages in flight at all workers together
  when_full rule = when_full::reject;
  std::size_t waiting_max = 1000;                    ///< messages in line; at least 1
  duration waiting_limit = std::chrono::seconds{1};  ///< in line no longer than this; then refused
};

/// A worker that comes, or comes back, gets less than its share at first:
/// weight x max(floor, (t / window)^(1 / aggression)). Same form as Envoy's.
struct slow_start_rule {
  duration window{};  ///< 0: none
  double aggression = 1.0;
  double floor = 0.1;
};

/// A worker that fails again and again is left out for a while: `time` the first time, twice as long each
/// time it fails again soon after, up to `time_max`. When too few are left to trust the verdict, all are
/// used.
struct ejection_rule {
  std::uint32_t failures = 0;  ///< in a row; 0: never eject
  duration time = std::chrono::seconds{10};
  duration time_max = std::chrono::minutes{5};
  double fraction_max = 0.5;  ///< of the workers that may be out at the same time
  double panic_below = 0.5;   ///< with less than this fraction of the workers in use, ejections do not count
};

struct routing_rules {
  routing_bounds bounds{};
  slow_start_rule slow_start{};
  ejection_rule ejection{};
  duration report_limit = std::chrono::seconds{10};  ///< a reported load older than this is no longer used
};

/// Empty if a router can go by these rules, else what is wrong.
[[nodiscard]] std::string validate(const routing_rules& rules);

}  // namespace bulwark
