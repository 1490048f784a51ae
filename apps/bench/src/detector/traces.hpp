// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bulwark::bench {

/// Heartbeats as an observer gets them. Times in milliseconds since the start.
struct trace {
  struct beat {
    double sent = 0;
    double arrived = 0;  ///< at the observer's host; in ascending order
    double taken = 0;    ///< by the observer, which may have stood still when it arrived
  };
  /// The observer runs nothing from `begin` to `end`.
  struct stall {
    double begin = 0;
    double end = 0;
  };

  std::string name;
  double interval = 100;
  std::vector<beat> beats{};
  std::vector<stall> stalls{};

  [[nodiscard]] double hours() const { return beats.back().arrived / 3.6e6; }
};

/// Delays of 0.2 ms, with 0.01 % of the beats lost.
[[nodiscard]] trace lan_trace(std::size_t beats, std::uint64_t seed);

/// Delays of 50 ms and more, long-tailed, with 0.4 % lost in bursts.
[[nodiscard]] trace wan_trace(std::size_t beats, std::uint64_t seed);

/// The LAN, seen by an observer that stands still every minute or so for 50 ms to 1 s.
[[nodiscard]] trace stall_trace(std::size_t beats, std::uint64_t seed);

/// The LAN, whose switch holds everything back every minute or so for 50 to 500 ms and then delivers it at
/// once.
[[nodiscard]] trace burst_trace(std::size_t beats, std::uint64_t seed);

}  // namespace bulwark::bench
