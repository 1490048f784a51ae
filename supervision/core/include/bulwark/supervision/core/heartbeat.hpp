// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bulwark/supervision/core/vitals.hpp"

namespace bulwark {

/// What a node does, as it tells its peers.
enum class node_status : std::uint8_t {
  normal,
  draining,    ///< ends soon, takes no new requests
  recovering,  ///< reads its log, or what of that it has missed, until its group has taken it in
  restarting,  ///< a part of it is being restarted
};

enum class heartbeat_kind : std::uint8_t { beat = 1, ack = 2 };

/// "I live." An ack answers a beat with what its sender is, and echoes `sequence` and `sent_ns`.
struct heartbeat {
  heartbeat_kind kind = heartbeat_kind::beat;
  node_status status = node_status::normal;
  std::uint32_t node = 0;         ///< who sends it
  std::uint64_t incarnation = 0;  ///< of the sender's process
  std::uint64_t uptime_ms = 0;    ///< of the sender's process
  std::uint64_t sequence = 0;     ///< counts the beats of a node
  std::uint64_t sent_ns = 0;      ///< monotonic clock of the one who sent the beat; means nothing to others
  vitals load{};                  ///< of the sender's process
  std::string
      serves_at{};  ///< where the sender's clients reach it, "host:port"; at most 255 bytes, may be empty

  friend bool operator==(const heartbeat&, const heartbeat&) = default;
};

/// Up to 319 bytes: version u8 (3), kind u8, status u8, node u32, incarnation u64, uptime_ms u64, sequence
/// u64, sent_ns u64, then since version 2 lag_us u32, cpu_permille u32, memory_kib u64, queue u32, and
/// serves_at as its length u8 and its bytes, then since version 3 mailbox_age_us u32, all little-endian.
/// Later versions append fields.
[[nodiscard]] std::string encode(const heartbeat& what);

/// Takes any version from 1 on, so that nodes of different releases hear each other: what a version before
/// this one lacks is zero, what a later one appends is passed over. Nothing if the bytes are no heartbeat.
[[nodiscard]] std::optional<heartbeat> decode_heartbeat(std::string_view bytes);

[[nodiscard]] const char* to_string(node_status status) noexcept;

}  // namespace bulwark
