// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bulwark/consensus/core/ids.hpp"
#include "bulwark/consensus/core/replica.hpp"

namespace bulwark::consensus {

/// What went wrong in a log store.
enum class log_error : std::uint8_t {
  no_space,  ///< nothing of the batch was written; the same call may succeed later
  failed,    ///< an I/O error: the store is latched and refuses everything until it is opened anew
  damaged,   ///< a record behind the recovered end, or in the middle, is corrupt; the text says where
  locked,    ///< another process uses the directory
  foreign,   ///< the directory belongs to another cluster or node
};

/// Thrown by log stores; `what()` names the file, the position and the reason.
class log_failure : public std::runtime_error {
 public:
  log_failure(log_error code, const std::string& text) : std::runtime_error{text}, code_{code} {}
  [[nodiscard]] log_error code() const noexcept { return code_; }

 private:
  log_error code_;
};

/// A record of one group.
struct group_record {
  group_id group{};
  record what;
};

/// A snapshot that is being written beside a log_store, which goes on meanwhile.
///
/// Threads: one at a time, which need not be that of the store
/// Ends:    destroyed before it is published, it leaves nothing behind
class snapshot_writer {
 public:
  virtual ~snapshot_writer() = default;

  /// Writes the next bytes of the state, not yet durably. Throws log_failure{no_space} with nothing of them
  /// written: the same call may succeed later; or log_failure{failed}: nothing more can be done with it.
  virtual void append(std::string_view piece) = 0;

  /// That was all: returns once every byte is on the medium. Throws log_failure{no_space | failed}, after
  /// which nothing more can be done with it.
  virtual void seal() = 0;

  /// Makes it durable under its name. @pre seal() returned
  /// Throws log_failure{no_space}: the same call may succeed later; or log_failure{failed}.
  virtual void publish() = 0;

  /// Of what was appended so far.
  [[nodiscard]] virtual snapshot_id id() const = 0;
};

/// Keeps the records of Paxos groups durably. Not thread-safe: one log_store_actor owns it.
class log_store {
 public:
  virtual ~log_store() = default;

  /// Writes the records in order and returns when all of them are on disk (one fsync for all).
  /// Throws log_failure{no_space} with nothing written, or log_failure{failed}, after which the store is
  /// latched.
  virtual void append(std::span<const group_record> records) = 0;

  /// What the log holds of a group now (see recovered_state). May be called again, for a replica that was
  /// restarted while the store lived.
  virtual recovered_state recover(group_id group) = 0;

  /// The latest values of the slots first..last (inclusive), ascending, stopping early at a gap or after
  /// `bytes_max` of payload (but at least one value, if there is one). Throws log_failure{failed} or
  /// log_failure{damaged}.
  virtual std::vector<chosen_entry> read(group_id group, slot first, slot last, std::size_t bytes_max) = 0;

  /// Begins to write a snapshot of a group. Throws log_failure{no_space | failed}.
  virtual std::unique_ptr<snapshot_writer> begin_snapshot(group_id group, slot at) = 0;

  /// Publishes a sealed snapshot of the group, then drops what it makes needless. Own snapshots are kept two
  /// deep, and the log from the older one on, so that either of them and the log give the whole state. One
  /// that was `installed` came from another member: the log has a gap before it, so it stands alone. An older
  /// one than the newest is ignored. Throws log_failure{no_space} with nothing lost: the same call may
  /// succeed later; or log_failure{failed}: latched.
  virtual void finish_snapshot(group_id group, snapshot_writer& written, bool installed) = 0;

  /// All of that at once.
  void save_snapshot(group_id group, slot at, std::string_view state, bool installed) {
    const auto written = begin_snapshot(group, at);
    written->append(state);
    written->seal();
    finish_snapshot(group, *written, installed);
  }

  /// A piece of the snapshot at this slot, or the first of the newest if there is no such; of the slot none
  /// if there is none at all. Throws log_failure{failed | damaged}.
  virtual snapshot_part read_snapshot(group_id group, slot at, std::uint64_t offset,
                                      std::size_t bytes_max) = 0;

  /// The log of the group begins behind this slot.
  virtual slot kept(group_id group) = 0;
};

}  // namespace bulwark::consensus
