// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
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

  /// Writes on a snapshot that is not durable yet, an own one or another member's: at offset 0 a new one.
  /// Returns how much of it there is.
  std::uint64_t write_piece(consensus::slot at, bool installed, std::uint64_t offset, std::string_view data);
  void discard(bool installed) { unfinished_[installed] = {}; }
  /// Makes it durable under its name. Own ones are kept two deep, and the log from the older one on; one that
  /// came from another member stands alone.
  void finish(const consensus::snapshot_id& which, bool installed);
  [[nodiscard]] consensus::slot newest() const {
    return snapshots_.empty() ? consensus::slot{} : snapshots_.back().first.at;
  }
  /// The log begins behind this slot.
  [[nodiscard]] consensus::slot kept() const { return kept_; }
  [[nodiscard]] const std::string& newest_state() const { return snapshots_.back().second; }
  [[nodiscard]] consensus::snapshot_part read_snapshot(const consensus::fetch_snapshot& what) const;

  [[nodiscard]] consensus::recovered_state recover() const;
  [[nodiscard]] std::vector<consensus::chosen_entry> read(consensus::slot first, consensus::slot last,
                                                          std::size_t bytes_max) const;
  /// The durable value of a slot; none if there is none.
  [[nodiscard]] const consensus::accepted_entry* find(consensus::slot at) const;

 private:
  struct unfinished_snapshot {
    consensus::slot at{};
    std::string state;
  };

  void keep(const consensus::record& what);

  std::deque<consensus::persist> unsynced_;
  consensus::ballot promised_;
  consensus::slot chosen_{};
  std::map<consensus::slot, consensus::accepted_entry> entries_;
  consensus::slot kept_{};
  std::deque<std::pair<consensus::snapshot_id, std::string>> snapshots_;  ///< oldest first
  std::array<unfinished_snapshot, 2> unfinished_;                         ///< own, and another member's
};

}  // namespace bulwark::test
