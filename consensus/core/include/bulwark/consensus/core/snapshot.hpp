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
/// forgery. Takes the state in pieces, however they are cut.
class snapshot_hasher {
 public:
  constexpr void add(std::string_view piece) {
    for (const char c : piece) {
      word_ |= std::uint64_t{static_cast<unsigned char>(c)} << 8 * (size_ % 8);
      if (++size_ % 8 == 0) mix();
    }
  }

  [[nodiscard]] constexpr std::uint64_t size() const { return size_; }

  /// Of all so far.
  [[nodiscard]] constexpr std::uint64_t hash() const {
    auto whole = *this;
    if (size_ % 8 != 0) whole.mix();
    return whole.hash_ ^ size_;
  }

 private:
  constexpr void mix() {
    hash_ = (hash_ ^ word_) * 0x100000001b3;
    hash_ ^= hash_ >> 29;
    word_ = 0;
  }

  std::uint64_t hash_ = 0xcbf29ce484222325;
  std::uint64_t word_ = 0;
  std::uint64_t size_ = 0;
};

constexpr std::uint64_t snapshot_hash(std::string_view state) {
  snapshot_hasher whole;
  whole.add(state);
  return whole.hash();
}

}  // namespace bulwark::consensus
