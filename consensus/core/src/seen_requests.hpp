// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "bulwark/consensus/core/messages.hpp"

namespace bulwark::consensus {

/// Remembers which forwarded writes came in during one leadership, so that one that the network doubled is
/// never proposed twice.
///
/// Bounds: the last `window` request numbers of each of the last few lives of the nodes; an older number
/// counts as seen.
class seen_requests {
 public:
  explicit seen_requests(std::size_t window) : words_{window / 64 + 1} {}

  /// A new leadership: forwards for others do not count.
  void begin(ballot under) {
    under_ = under;
    lives_.clear();
  }
  [[nodiscard]] ballot under() const { return under_; }

  /// True the first time.
  bool insert(const command& what);

 private:
  static constexpr std::size_t lives_max = 256;

  struct life {
    node_id origin;
    std::uint64_t incarnation;
    std::uint64_t highest;
    std::vector<std::uint64_t> bits;  ///< a ring, by request number
  };

  life& life_of(const command& what);

  std::size_t words_;
  ballot under_;
  std::deque<life> lives_;  ///< oldest first
};

}  // namespace bulwark::consensus
