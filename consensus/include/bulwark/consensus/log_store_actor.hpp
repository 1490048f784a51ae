// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/log_store.hpp"
#include "bulwark/consensus/shared_log_store.hpp"

namespace bulwark::consensus {

// What a log_store_actor is asked. These messages never leave the process.

/// Answered by `log_appended` once all records are durable.
struct log_append {
  std::vector<group_record> records;  ///< all of one group, not empty
};
struct log_appended {};

/// Answered by `log_recovered`. Appends of the group that are not written yet are dropped: they come from an
/// earlier incarnation of the replica, and would overwrite what the new one decides.
struct log_recover {
  group_id group{};
};
struct log_recovered {
  recovered_state state;
  std::shared_ptr<shared_log_store> store;  ///< for quick appends without a message; may be none
};

/// Answered by `log_entries`; see log_store::read.
struct log_read {
  group_id group{};
  slot first{};
  slot last{};
  std::size_t bytes_max = 0;
};
struct log_entries {
  std::vector<chosen_entry> entries;
};

/// Writes on a snapshot of the group, an own one or another member's, in a thread beside that of the log; at
/// offset 0 it begins a new one, and drops what was written of such a one before. Answered by
/// `log_snapshot_written`: on a full disk, with no more than before.
struct log_write_snapshot {
  group_id group{};
  slot at{};
  bool installed = false;
  std::uint64_t offset = 0;
  bytes piece;
};
struct log_snapshot_written {
  std::uint64_t size = 0;  ///< so much of it is written, not yet durably
};

/// Answered by `log_snapshot_saved` once the snapshot that was written is durable; see
/// log_store::finish_snapshot. One that was installed waits for room on a full disk to take its place; an own
/// one is given up then.
struct log_finish_snapshot {
  group_id group{};
  slot at{};
  bool installed = false;
};
struct log_snapshot_saved {
  bool saved = true;        ///< false: it was given up
  std::uint64_t bytes = 0;  ///< of it
  slot kept{};              ///< the log begins behind it
};

/// Drops what was written of such a snapshot. Not answered.
struct log_discard_snapshot {
  group_id group{};
  bool installed = false;
};

/// Answered by `log_snapshot_part`; see log_store::read_snapshot.
struct log_read_snapshot {
  group_id group{};
  slot at{};
  std::uint64_t offset = 0;
  std::size_t bytes_max = 0;
};
struct log_snapshot_part {
  snapshot_part part;
};

/// Sent to those whose appends wait for room on the disk, and when they do not wait any more.
struct log_writable {
  bool writable = true;
};

struct log_store_actor_options {
  /// Opens the store, in the actor's own thread; may take its time and throw log_failure.
  std::function<std::unique_ptr<log_store>()> open;
  /// Called in the actor's thread once the store is open.
  std::function<void()> on_ready;
  duration retry = std::chrono::seconds{1};  ///< between attempts to write to a full disk
  bool detached = true;  ///< a thread of its own, since it blocks; off only under a test's scheduler
};

/// Spawns the actor that owns the log of this node, for the replicas of all groups.
///
/// Appends that are at hand together share one fsync. On a full disk it keeps the appends and tries again; on
/// any other failure it quits with the error of to_error(), and whoever supervises it restarts it together
/// with the replicas. Snapshots are written and synced by an actor of their own each, so that appends do not
/// wait for them; one own and one of another member at a time for each group.
caf::actor spawn_log_store(caf::actor_system& system, log_store_actor_options options);

/// The failure as an exit reason: category "log_store", code 1 + log_error, the text as context.
caf::error to_error(const log_failure& failure);
/// What the failure says; none if to_error() did not make this.
[[nodiscard]] std::optional<std::string> text_of(const caf::error& why);

}  // namespace bulwark::consensus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::log_append)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::log_appended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::log_recover)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::log_recovered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::log_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::log_entries)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::log_write_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::log_snapshot_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::log_finish_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::log_discard_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::log_snapshot_saved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::log_read_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::log_snapshot_part)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::log_writable)
