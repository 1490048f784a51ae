// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "bulwark/consensus/core/snapshot.hpp"
#include "bulwark/consensus/file_layer.hpp"
#include "bulwark/consensus/log_store.hpp"
#include "snapshot_format.hpp"

namespace bulwark::consensus {

/// Writes one snapshot file, under another name until it is published.
///
/// Disk: synced every few MiB, so that the log's own syncs never wait for a large backlog of this file
class snapshot_file_writer final : public snapshot_writer {
 public:
  /// `header` tells all but size and hashes. Throws std::system_error.
  snapshot_file_writer(file_layer& files, std::filesystem::path path, const snapshot_header& header);
  ~snapshot_file_writer() override;
  snapshot_file_writer(const snapshot_file_writer&) = delete;
  snapshot_file_writer& operator=(const snapshot_file_writer&) = delete;

  void append(std::string_view piece) override;
  void seal() override;
  void publish() override;
  [[nodiscard]] snapshot_id id() const override;

 private:
  void sync();

  file_layer& files_;
  const std::filesystem::path path_;
  std::filesystem::path unfinished_path_;  ///< differs from that of any other
  snapshot_header header_;
  std::unique_ptr<file> out_;
  snapshot_hasher hash_;
  std::uint64_t unsynced_bytes_ = 0;
  bool broken_ = false;
  bool renamed_ = false;
};

}  // namespace bulwark::consensus
