// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace bulwark {

/// How a node feels, as it measures itself. It is told to the peers with every heartbeat.
struct vitals {
  std::uint32_t lag_us = 0;        ///< how late the actor that sends heartbeats came to its last one
  std::uint32_t cpu_permille = 0;  ///< of one core, since the heartbeat before: 2500 is two and a half cores
  std::uint64_t memory_kib = 0;    ///< resident
  std::uint32_t queue = 0;         ///< messages that wait for its main actors
  std::uint32_t mailbox_age_us = 0;  ///< for how long the oldest of these has waited

  friend bool operator==(const vitals&, const vitals&) = default;
};

/// What is watched of a node for anomalies.
enum class vital : std::uint8_t {
  round_trip,   ///< in microseconds, as its observer measures it
  lag,          ///< in microseconds
  cpu,          ///< in thousandths of a core
  memory,       ///< in KiB
  queue,        ///< in messages
  mailbox_age,  ///< in microseconds
};

inline constexpr std::size_t vital_count = 6;

/// "round trip", "lag", ...
[[nodiscard]] const char* to_string(vital one) noexcept;

/// "us", "KiB", ...
[[nodiscard]] const char* unit_of(vital one) noexcept;

}  // namespace bulwark
