// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bulwark/consensus/core/command.hpp"
#include "bulwark/consensus/core/ids.hpp"

namespace bulwark::consensus {

/// The state of a state machine as it is right behind one slot. Equal states give equal bytes, so that two
/// members' snapshots of one slot are the same, and one may go on where another left off.
struct snapshot_id {
  slot at{};                ///< every slot up to here is in it; none if there is no snapshot
  std::uint64_t total = 0;  ///< bytes
  std::uint64_t hash = 0;   ///< snapshot_hash() of them

  friend bool operator==(const snapshot_id&, const snapshot_id&) = default;
};

/// A piece of a snapshot.
struct snapshot_part {
  snapshot_id of;
  std::uint64_t offset = 0;
  bytes data;

  friend bool operator==(const snapshot_part&, const snapshot_part&) = default;
};

/// Tells a snapshot that came together wrongly. FNV-1a over words of 64 bits, to be quick; not against
/// forgery.
constexpr std::uint64_t snapshot_hash(std::string_view state) {
  std::uint64_t hash = 0xcbf29ce484222325;
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < state.size(); ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(state[i])} << 8 * (i % 8);
    if (i % 8 != 7 && i + 1 != state.size()) continue;
    hash = (hash ^ word) * 0x100000001b3;
    hash ^= hash >> 29;
    word = 0;
  }
  return hash ^ state.size();
}

}  // namespace bulwark::consensus
