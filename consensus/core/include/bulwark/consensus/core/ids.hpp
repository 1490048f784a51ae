// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace bulwark::consensus {

/// The number of a node, unique in its cluster; 0 means "no node".
enum class node_id : std::uint32_t { none = 0 };

/// The number of a Paxos group. One process may host many groups; every frame and log record names its own.
enum class group_id : std::uint32_t {};

/// A place in the replicated log. The first is 1; 0 means "before the log".
enum class slot : std::uint64_t { none = 0 };

constexpr std::uint64_t number(slot s) { return static_cast<std::uint64_t>(s); }
constexpr std::uint32_t number(node_id n) { return static_cast<std::uint32_t>(n); }
constexpr std::uint32_t number(group_id g) { return static_cast<std::uint32_t>(g); }
constexpr slot next(slot s) { return slot{number(s) + 1}; }
constexpr slot previous(slot s) { return slot{number(s) - 1}; }

/// A ballot of Paxos: ordered by round, ties broken by the node that owns it. Each node uses a round at most
/// once.
///
/// Source: Lamport, "Paxos Made Simple" (2001), section 2.2 (there: proposal number).
struct ballot {
  std::uint64_t round = 0;
  node_id node = node_id::none;

  friend constexpr auto operator<=>(const ballot&, const ballot&) = default;
};

/// "7.n1" for round 7 of node 1; "0" for the ballot before all others.
inline std::string to_string(const ballot& b) {
  if (b == ballot{}) return "0";
  return std::to_string(b.round) + ".n" + std::to_string(number(b.node));
}

inline std::string to_string(node_id n) { return "n" + std::to_string(number(n)); }
inline std::string to_string(slot s) { return std::to_string(number(s)); }

}  // namespace bulwark::consensus
