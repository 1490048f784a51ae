// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <vector>

#include "bulwark/consensus/core/replica.hpp"

namespace bulwark::test {

/// The log store of one simulated node: keeps what was synced, and loses the rest with the power. Reads see
/// what is durable only, as those of the real store may overtake its appends.
class record_disk {
 public:
  void write(consensus::persist what) { unsynced_.push_back(std::move(what)); }
  [[nodiscard]] std::size_t unsynced() const { return unsynced_.size(); }

  /// Makes the oldest `count` writes durable and returns them.
  std::vector<consensus::persist> sync(std::size_t count);
  /// Loses what is not durable; returns the number of lost records.
  std::size_t power_cut();

  [[nodiscard]] consensus::recovered_state recover() const;
  [[nodiscard]] std::vector<consensus::chosen_entry> read(consensus::slot first, consensus::slot last,
                                                          std::size_t bytes_max) const;
  /// The durable value of a slot; none if there is none.
  [[nodiscard]] const consensus::accepted_entry* find(consensus::slot at) const;

 private:
  void keep(const consensus::record& what);

  std::deque<consensus::persist> unsynced_;
  consensus::ballot promised_;
  consensus::slot chosen_{};
  std::map<consensus::slot, consensus::accepted_entry> entries_;
};

}  // namespace bulwark::test
