// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// Lets another node vote in the place of a voter that stays down, if there is one without a vote. The number
/// of voters stays the same: who wants it otherwise says so by `bulwark member`.
///
/// Pure; asked by the node that leads, as others could not change anything. Not thread-safe.
class voter_keeper {
 public:
  enum class node_health : std::uint8_t { up, doubtful, down };

  /// How things are. Nodes that are not in `nodes` are held for doubtful.
  struct situation {
    std::map<std::uint32_t, node_health> nodes;
    std::vector<std::uint32_t> voters;
    std::vector<std::uint32_t> learners;
  };

  struct change {
    std::uint32_t gone = 0;  ///< the voter to be replaced; 0: `newcomer` is to learn first
    std::uint32_t newcomer = 0;

    friend bool operator==(const change&, const change&) = default;
  };

  /// `patience`: how long a voter is down before it is replaced; 0: it never is.
  explicit voter_keeper(duration patience) : patience_{patience} {}

  /// What to change now, if anything.
  std::optional<change> next(const situation& now_is, instant now);
  /// This node does not lead: whoever does counts for itself how long nodes are down.
  void rest() { down_since_.clear(); }

 private:
  duration patience_;
  std::map<std::uint32_t, instant> down_since_;  ///< of voters
};

}  // namespace bulwark
