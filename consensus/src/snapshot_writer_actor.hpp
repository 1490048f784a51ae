// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <memory>

#include "bulwark/consensus/log_store.hpp"

namespace bulwark::consensus {

/// Asks a snapshot writer to make durable what it wrote. Answered by `snapshot_sealed`; then the writer is
/// used by whoever asked.
struct seal_snapshot {};
struct snapshot_sealed {
  bool done = true;  ///< false: there was no room, and it is lost
};

/// Ends a snapshot writer once it has done what it was asked before.
struct stop_writing {};

/// Spawns an actor that writes one snapshot. Takes log_write_snapshot, seal_snapshot, stop_writing. On a
/// failure of the disk it answers with the error of to_error(), and quits with it.
/// `detached`: in a thread of its own, since it blocks.
caf::actor spawn_snapshot_writer(caf::actor_system& system, std::shared_ptr<snapshot_writer> to,
                                 bool detached);

}  // namespace bulwark::consensus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::seal_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::snapshot_sealed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::stop_writing)
