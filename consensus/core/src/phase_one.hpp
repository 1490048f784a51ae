// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "bulwark/consensus/core/messages.hpp"
#include "roster.hpp"

namespace bulwark::consensus {

/// Collects promises of one ballot, each of which may come in parts, doubled and out of order.
class phase_one {
 public:
  void begin();
  /// Takes a part in. True if it completed the promise of its sender.
  bool take(std::size_t from, promise what);

  [[nodiscard]] const node_set& complete() const { return complete_; }
  /// The highest chosen watermark among those who promised.
  [[nodiscard]] slot chosen_max() const;
  /// The accepted value of the highest ballot for each slot behind `chosen`. Empties this collection.
  std::map<slot, accepted_entry> take_accepted(slot chosen);

  /// Keeps the one with the higher ballot.
  static void merge(std::map<slot, accepted_entry>& into, accepted_entry what);

 private:
  struct answer_parts {
    slot chosen{};
    std::vector<bool> have;
    std::vector<accepted_entry> accepted;
  };

  std::vector<answer_parts> answers_;  ///< by index
  node_set complete_;
};

}  // namespace bulwark::consensus
