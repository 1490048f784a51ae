// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bulwark/consensus/log_store.hpp"

namespace bulwark::consensus {

/// What outlives a memory_log_store, as a disk outlives a process. Thread-safe.
///
/// Records are durable at once, or, while `hold_back` is on, only with the next sync(): power_cut() then
/// loses them.
class memory_log_medium {
 public:
  /// What appends do from now on: succeed (none), or throw a log_failure of this kind.
  void fail_appends(std::optional<log_error> with);

  /// How many appends succeeded, each of which stands for an fsync.
  [[nodiscard]] std::size_t appends() const;

  /// While on, appended records count as written but not as durable.
  void hold_back(bool on);
  void sync();
  /// Forgets everything that is not durable.
  void power_cut();

 private:
  friend class memory_log_store;
  friend class memory_snapshot_writer;

  struct group_log {
    ballot promised;
    slot chosen{};
    std::map<slot, accepted_entry> entries;
    std::map<slot, std::string> snapshots;  ///< durable at once, also while others are held back
    slot kept{};                            ///< the log begins behind it
  };

  void apply(const group_record& what, std::map<group_id, group_log>& logs) const;
  void throw_if_told_to() const;

  mutable std::mutex mutex_;
  std::map<group_id, group_log> groups_;  ///< as the reader sees it
  std::vector<group_record> durable_;     ///< the whole history, while held back or not
  std::vector<group_record> unsynced_;
  std::optional<log_error> failure_;
  bool holding_back_ = false;
  std::size_t appends_ = 0;
};

/// A log store for tests and simulations, with the semantics of file_log_store and none of its disk.
class memory_log_store final : public log_store {
 public:
  explicit memory_log_store(
      std::shared_ptr<memory_log_medium> medium = std::make_shared<memory_log_medium>());

  void append(std::span<const group_record> records) override;
  recovered_state recover(group_id group) override;
  std::vector<chosen_entry> read(group_id group, slot first, slot last, std::size_t bytes_max) override;
  std::unique_ptr<snapshot_writer> begin_snapshot(group_id group, slot at) override;
  void finish_snapshot(group_id group, snapshot_writer& written, bool installed) override;
  snapshot_part read_snapshot(group_id group, slot at, std::uint64_t offset, std::size_t bytes_max) override;
  slot kept(group_id group) override;

 private:
  std::shared_ptr<memory_log_medium> medium_;
  bool latched_ = false;
};

}  // namespace bulwark::consensus
