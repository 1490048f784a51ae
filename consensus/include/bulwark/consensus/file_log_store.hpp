// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bulwark/consensus/file_layer.hpp"
#include "bulwark/consensus/log_store.hpp"

namespace bulwark::consensus {

struct file_log_options {
  std::filesystem::path directory;  ///< made if it is not there
  std::string cluster;              ///< a log of another cluster or node is refused as `foreign`
  node_id node = node_id::none;
  std::uint64_t segment_bytes = 16u << 20;     ///< of one file; a batch that is larger gets a file of its own
  std::uint64_t batch_bytes_max = 512u << 20;  ///< of one append; at most 2 GiB
  bool background = true;       ///< zero the next segment, and read ahead at open, on other threads
  file_layer* files = nullptr;  ///< null: the files of this machine
};

/// A segmented write-ahead log for all groups of a node.
///
/// Durable:  append() returns after one write and one fdatasync for all its records. Segments are zeroed and
/// synced ahead of
///           use, so that the sync needs no metadata; they enter the directory by rename, followed by fsync
///           of the directory.
/// Open:     verifies every byte in use. An append that a power cut tore is cut off; it was never
/// acknowledged. Everything
///           else that is not as it was written is `damaged`, with file and offset. (A bit that flipped in
///           the very last append cannot be told from a torn one if the append also holds 512 aligned zero
///           bytes.) The last segment is then copied to a fresh file and synced: if the fsync of a previous
///           life failed, its bytes may stand in the page cache only, and reading them proves nothing about
///           the disk.
/// Full:     append() throws `no_space` before anything of the batch is written when no new segment can be
/// made. Failed:   after a failed write or sync append() throws `failed` for ever, since the kernel may have
/// dropped the bytes and
///           a second sync would lie; open the directory anew to find out what is there.
/// Memory:   12 B per slot. Files: a few descriptors, however many segments there are.
/// Threads:  one owner; see log_store. The directory must be locked against other processes
/// (data_directory.hpp).
class file_log_store final : public log_store {
 public:
  /// Opens or creates the log. Throws log_failure{damaged | foreign | no_space | failed}.
  explicit file_log_store(file_log_options options);
  ~file_log_store() override;

  /// @pre the encoded records are within options.batch_bytes_max, else std::length_error is thrown and
  /// nothing happens.
  void append(std::span<const group_record> records) override;
  recovered_state recover(group_id group) override;
  std::vector<chosen_entry> read(group_id group, slot first, slot last, std::size_t bytes_max) override;
  std::unique_ptr<snapshot_writer> begin_snapshot(group_id group, slot at) override;
  void finish_snapshot(group_id group, snapshot_writer& written, bool installed) override;
  snapshot_part read_snapshot(group_id group, slot at, std::uint64_t offset, std::size_t bytes_max) override;
  slot kept(group_id group) override;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace bulwark::consensus
