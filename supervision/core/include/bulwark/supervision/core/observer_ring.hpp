// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bulwark {

/// Decides who watches whom: each node is watched by k others, so that n nodes cost k * n heartbeats instead
/// of n * n.
///
/// There are k rings, each a different order of the same nodes; the observers of a node are those behind it,
/// one from each ring. So observers are spread evenly, and nodes that fail together, such as those of one
/// machine, do not share their observers.
///
/// Source:        Suresh et al., "Stable and Consistent Membership at Scale with Rapid" (2018), section 4.1
/// Owner:         one membership, or a test; not thread-safe
/// Deterministic: the same nodes give the same observers, in whatever order they came
/// Cost:          O(k n) to insert or erase, O(k log n + k * k) for the observers of one node
class observer_ring {
 public:
  /// @pre 1 <= observers <= 64
  explicit observer_ring(std::size_t observers);

  /// Does nothing if it is there already.
  void insert(std::uint32_t node);
  /// Does nothing if it is not there.
  void erase(std::uint32_t node);

  [[nodiscard]] bool contains(std::uint32_t node) const;
  [[nodiscard]] std::size_t size() const noexcept { return rings_.front().size(); }

  /// Those who watch the node: k of them, or all others if there are no more. Empty if it is not there.
  [[nodiscard]] std::vector<std::uint32_t> observers_of(std::uint32_t node) const;

  /// Those whom the node watches, ascending: k on average. O(k n log n).
  [[nodiscard]] std::vector<std::uint32_t> subjects_of(std::uint32_t node) const;

 private:
  struct place {
    std::uint64_t point;  ///< differs from ring to ring
    std::uint32_t node;

    friend constexpr auto operator<=>(const place&, const place&) = default;
  };

  static place place_of(std::uint32_t node, std::size_t ring);

  std::vector<std::vector<place>> rings_;  ///< each ascending
};

}  // namespace bulwark
