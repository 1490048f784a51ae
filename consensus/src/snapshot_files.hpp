// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bulwark/consensus/core/snapshot.hpp"
#include "bulwark/consensus/file_log_store.hpp"

/// Snapshots beside the segments of a log, and the note that says where the log begins.
namespace bulwark::consensus {

/// Which part of the log is not needed any more: written before that part is removed.
struct log_beginning {
  std::uint64_t first_segment = 1;
  std::map<group_id, slot> kept;  ///< the log of the group begins behind this slot
};

/// The note in the directory; the beginning of all if there is none. Throws log_failure{damaged},
/// std::system_error.
log_beginning load_beginning(file_layer& files, const std::filesystem::path& directory);

/// Writes the note durably: a crash leaves the old one or the new one. Throws std::system_error.
void save_beginning(file_layer& files, const std::filesystem::path& directory, const log_beginning& what);

/// A snapshot as it lies in a directory.
struct found_snapshot {
  std::filesystem::path path;
  std::uint32_t node = 0;
  std::uint64_t cluster = 0;
  group_id group{};
  snapshot_id which;
  bool whole = false;  ///< else nothing but the path says anything
};

/// All snapshots in the directory, verified. Throws std::system_error.
std::vector<found_snapshot> find_snapshots(file_layer& files, const std::filesystem::path& directory);

/// The snapshots in a directory, each in a file of its own with a checksum:
///
///     magic u64, version u32, node u32, cluster u64, group u32, zero u32, slot u64, size u64, hash u64,
///     crc32c u32 of the state, crc32c u32 of all before; then the state
///
/// A file is written under another name, the header last, synced, and renamed; then its directory is synced.
/// So a torn one is never seen; one that was damaged at rest is passed over.
class snapshot_files {
 public:
  snapshot_files(file_layer& files, const file_log_options& options) : files_{files}, options_{options} {}

  /// Finds and verifies what is there. Throws log_failure{damaged} if a log begins behind a slot that no
  /// whole snapshot covers, std::system_error.
  void load(const log_beginning& beginning);

  /// Begins to write one. Throws std::system_error.
  [[nodiscard]] std::unique_ptr<snapshot_writer> begin(group_id group, slot at) const;
  /// It was published. @pre which.at > newest(group)
  void add(group_id group, const snapshot_id& which) { all_[group].push_back(which); }
  /// Removes the oldest ones until only that many are left.
  void keep(group_id group, std::size_t count);

  [[nodiscard]] std::vector<group_id> groups() const;
  [[nodiscard]] slot newest(group_id group) const;
  [[nodiscard]] slot oldest(group_id group) const;
  /// @pre count(group) > 1
  [[nodiscard]] slot newest_but_one(group_id group) const { return (all_.at(group).end() - 2)->at; }
  [[nodiscard]] std::size_t count(group_id group) const;
  /// See log_store::read_snapshot. Throws std::system_error.
  [[nodiscard]] snapshot_part read(group_id group, slot at, std::uint64_t offset,
                                   std::size_t bytes_max) const;

 private:
  [[nodiscard]] std::filesystem::path path_of(group_id group, slot at) const;

  file_layer& files_;
  const file_log_options& options_;
  std::map<group_id, std::deque<snapshot_id>> all_;  ///< oldest first
};

}  // namespace bulwark::consensus
