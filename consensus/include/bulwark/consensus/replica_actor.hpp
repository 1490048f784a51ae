// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/ids.hpp"
#include "bulwark/consensus/core/replica.hpp"
#include "bulwark/consensus/core/state_machine.hpp"

namespace bulwark::consensus {

class snapshot_writer;

struct replica_actor_options {
  /// With `incarnation` 0 each spawned actor draws a random one, as does `seed` 0: two lives must never share
  /// an incarnation.
  replica_options core;
  caf::actor log;  ///< a log_store_actor, or a stable reference to one
  std::map<node_id, caf::actor>
      links;            ///< takes peer_packet for each other node that is, or may get, in the group
  caf::actor exchange;  ///< takes group_packet instead of the links, where a process has several groups; a
                        ///< stable reference. May be empty
  std::function<std::unique_ptr<state_machine>()> machine;
  bool prompt = false;  ///< all commands and queries of the machine take microseconds: whichever thread
                        ///< brings a message (network, log, clients) may run the replica, see own_turn
  std::function<void()> on_ready;  ///< called in the actor once it has recovered and takes part
  duration stall_after =
      std::chrono::seconds{1};  ///< an append that takes longer makes the storage count as not writable
  std::size_t packet_bytes =
      1u << 20;  ///< a packet is sent once it is that large; one message may make it larger
  std::size_t save_piece_bytes =
      256u << 10;  ///< of its state, saved in one turn: other messages wait for so much at most
};

/// Asks a replica_actor for the state of its state machine right behind this slot, which it waits for; none:
/// as it is now. The slot is one of those that every member goes through, so that members can be compared.
/// Answered by one `replica_state`, or with the error of the log_failure that writing the state came to. The
/// replica serves meanwhile.
struct get_state {
  slot at{};
  /// Makes what the state is written with, sealed at its end; of the state what belongs into a backup, see
  /// state_machine::begin_backup(). Empty: only the hash is wanted, of all of it.
  std::function<std::shared_ptr<snapshot_writer>(slot at)> write_to = {};
  bool write_in_own_thread = true;  ///< it blocks; false in virtual time
};
struct replica_state {
  slot at{};
  std::uint64_t size = 0;  ///< of what was asked for, in bytes
  std::uint64_t hash = 0;  ///< snapshot_hash() of it
  bool found = false;      ///< else the slot is behind the replica, or the machine cannot be saved, or became
                           ///< another meanwhile
};

/// Spawns a member of a Paxos group: the replica of consensus/core, its state machine, and the actors around
/// them.
///
/// Takes:    submit, get_replica_status, transfer_leadership, change_group (messages.hpp);
/// get_state; peer_packet of
/// channel 0, peer_link_state, peer_silence; log_writable. Answers:  every submit gets one submit_result;
/// those that are open when the actor ends get the outcome `unknown`. Does:     events in, effects out in
/// their order, and decides nothing. All messages that are at hand make one turn: one packet for
///           each peer at its end, and one append to the log at a time, with the records that gathered
///           meanwhile.
/// Ends:     when the log fails (with the log's error); its supervisor restarts log and replica in this
/// order. Until it has recovered, it leaves messages in its mailbox; only status is answered.
/// @pre options.core.validate().empty()
caf::actor spawn_replica(caf::actor_system& system, replica_actor_options options);

}  // namespace bulwark::consensus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::get_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::replica_state)
