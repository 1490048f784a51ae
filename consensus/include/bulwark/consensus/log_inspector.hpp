// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "bulwark/consensus/file_layer.hpp"
#include "bulwark/consensus/log_store.hpp"

namespace bulwark::consensus {

/// What a log holds, told piece by piece in the order of the directory. Overwrite what is of interest.
class log_visitor {
 public:
  struct segment {
    std::uint64_t number = 0;
    std::uint32_t node = 0;            ///< whose log it is
    std::uint64_t first_batch = 0;     ///< sequence number
    std::uint64_t capacity_bytes = 0;  ///< of the file
    std::string file;
  };
  struct place {
    std::uint64_t segment = 0;
    std::uint64_t batch = 0;   ///< sequence number
    std::uint64_t offset = 0;  ///< of the record in the file
    std::uint64_t bytes = 0;
  };
  struct snapshot {
    std::string file;
    group_id group{};
    slot at{};
    std::uint64_t bytes = 0;  ///< of the state
    bool whole = true;        ///< its checksum is right
  };
  struct totals {
    std::uint64_t segments = 0, batches = 0, records = 0, snapshots = 0;
    bool torn = false;  ///< the last batch was being written when the process ended, or is being written now
  };

  virtual ~log_visitor() = default;
  virtual void on_beginning(std::uint64_t /*first_segment*/, group_id, slot /*kept*/) {}
  virtual void on_snapshot(const snapshot&) {}
  virtual void on_segment(const segment&) {}
  virtual void on_record(const place&, const group_record&) {}
  /// Something is not as it was written; the text names file and offset. More may follow.
  virtual void on_damage(const std::string& /*what*/) {}
};

/// Reads the log of a node from its directory of segments, which it never changes, also while the node runs;
/// what is written meanwhile may or may not be told. Goes on behind damage with the next segment. Memory: one
/// segment at a time. Throws log_failure{failed} if the directory cannot be read.
log_visitor::totals inspect_log(const std::filesystem::path& directory, log_visitor& visitor,
                                file_layer& files = system_files());

}  // namespace bulwark::consensus
