// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "bulwark/consensus/file_log_store.hpp"
#include "log_index.hpp"
#include "segment_format.hpp"
#include "snapshot_files.hpp"

/// How a directory of segments is read: the scan at open, and single records later.
namespace bulwark::consensus {

/// "000000000000002a.log" for segment 42.
std::filesystem::path segment_path(const std::filesystem::path& directory, std::uint64_t number);

/// Numbers of all segments in the directory, ascending.
std::vector<std::uint64_t> find_segments(file_layer& files, const std::filesystem::path& directory);

/// Tells the log of one cluster from that of another.
std::uint64_t cluster_hash(std::string_view cluster);

/// A failure of the file layer in the words of a log store.
log_failure to_log_failure(const std::system_error& error);

/// Enters one record, which lies at that place, into the index.
void index_record(const group_record& what, record_location where, log_index& index);

/// What a directory holds.
struct loaded_log {
  struct tail_segment {
    segment_header header;
    std::string contents;  ///< the good part
  };

  log_index index;
  std::uint64_t next = 1;            ///< sequence number of the next batch
  std::optional<tail_segment> tail;  ///< the last segment; none in an empty directory
};

/// Reads and verifies all segments from the first that is needed, and removes those before it.
/// Throws log_failure{damaged | foreign}, std::system_error.
loaded_log load_log(file_layer& files, const file_log_options& options, const log_beginning& beginning);

/// Reads single records; keeps the last few files open.
class record_reader {
 public:
  record_reader(file_layer& files, std::filesystem::path directory)
      : files_{files}, directory_{std::move(directory)} {}

  /// Segments before this one are removed now.
  void forget_before(std::uint32_t number) {
    open_.remove_if([number](const auto& one) { return one.first < number; });
  }
  /// The accepted value at the place. Throws log_failure{failed | damaged}.
  accepted_entry read(group_id group, slot at, record_location where);

  /// Reads many that lie near each other, by few calls. Nothing may be appended meanwhile.
  class run {
   public:
    /// `at_once`: so many bytes are read at a time, or one record if that is more.
    run(record_reader& of, std::size_t at_once) : of_{of}, at_once_{at_once} {}
    /// As that of the reader.
    accepted_entry read(group_id group, slot at, record_location where);

   private:
    std::string_view encoded(record_location where);

    record_reader& of_;
    const std::size_t at_once_;
    std::string ahead_;  ///< what stands in the segment from the offset on
    std::uint32_t segment_ = 0;
    std::uint64_t offset_ = 0;
  };

 private:
  file& segment(std::uint32_t number);

  file_layer& files_;
  const std::filesystem::path directory_;
  std::list<std::pair<std::uint32_t, std::unique_ptr<file>>> open_;  ///< the last used one first
};

}  // namespace bulwark::consensus
