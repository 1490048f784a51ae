// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/core/time.hpp"
#include "bulwark/actors/last_heard.hpp"
#include "bulwark/supervision/core/anomaly_tracker.hpp"
#include "bulwark/supervision/core/failure_detector.hpp"
#include "bulwark/supervision/core/heartbeat.hpp"

namespace bulwark {

struct heartbeat_options {
  std::uint32_t self = 0;                     ///< number of this node
  std::uint64_t incarnation = 0;              ///< of this process
  detector_options detector{};                ///< T_interval among them
  std::map<std::uint32_t, caf::actor> links;  ///< to all peers
  instant started{};                          ///< of this process
  /// When the links heard anything of a peer: a sign of life as good as a heartbeat. Of peers that are
  /// missing here only heartbeats count.
  hearings heard{};
  /// Whom this node watches from now on, ascending; null: all peers. Called in the actor before each round of
  /// beats; the same pointer means that nothing has changed. May be left empty: all peers, always.
  std::function<std::shared_ptr<const std::vector<std::uint32_t>>()> watched{};
  /// Hears that a peer is watched again, of which nothing is known yet, or is no longer, so that the last
  /// verdict on it does not hold any more. At first all are. Called in the actor, must be quick. May be left
  /// empty.
  std::function<void(std::uint32_t peer, bool watched)> on_watched{};
  /// What this node tells its peers; called in the actor. May be left empty: normal.
  std::function<node_status()> status{};
  /// How this node feels, told to its peers; called in the actor at every beat. May be left empty: zeros. The
  /// monitor itself measures the lag.
  std::function<vitals()> load{};
  /// Where clients reach this node, told to its peers; called in the actor at every beat. May be left empty.
  std::function<std::string()> serves_at{};
  /// Gets every changed verdict on those whom it watches; called in the actor, must be quick. May be left
  /// empty.
  std::function<void(const peer_change&)> on_change{};
  /// Gets every change of opinion on whether a peer behaves as usual; a new process of it does. Called in the
  /// actor, must be quick. May be left empty.
  std::function<void(std::uint32_t peer, const anomaly_change&)> on_anomaly{};
  /// Hears where clients reach a peer, whenever that changes; called in the actor, must be quick. May be left
  /// empty.
  std::function<void(std::uint32_t peer, const std::string& address)> on_serves_at{};
};

/// Spawns the actor that sends a heartbeat to each peer that it watches every T_interval, and judges by the
/// answers who is faulty. It answers whoever sends one. All peers hear at once when what this node does, or
/// where it serves clients, changes.
///
/// Takes:   peer_packet of the heartbeat channel and peer_link_state, both from the links.
/// Answers: get_peers.
/// @pre options.detector.validate().empty()
[[nodiscard]] caf::actor spawn_heartbeat_monitor(caf::actor_system& system, heartbeat_options options);

/// Asks a heartbeat monitor for its peers. Answered by one peer_table, at once.
struct get_peers {};

/// A peer as this node sees it.
struct peer_entry {
  std::uint32_t peer = 0;
  /// up, suspect, down; of one that this node does not watch: connected, unconnected.
  std::string state;
  std::string status;             ///< as it said last: normal, draining, recovering, restarting; empty before
  std::uint64_t incarnation = 0;  ///< as it said last; 0 before
  std::uint64_t uptime_ms = 0;    ///< as it said last
  std::int64_t rtt_us = -1;       ///< of the last heartbeat that was acknowledged; -1 before
  std::int64_t silent_us = -1;    ///< since it was heard last; -1 if it never was
  double phi = 0;                 ///< suspicion level, see failure_detector; at most 99
  std::uint32_t lag_us = 0;       ///< this and the next four as it said last, see vitals
  std::uint32_t cpu_permille = 0;
  std::uint64_t memory_kib = 0;
  std::uint32_t queue = 0;
  std::uint32_t mailbox_age_us = 0;
  double anomaly = 0;      ///< how unusual it behaves, see anomaly_tracker; at most 99
  std::string anomaly_of;  ///< by which vital; empty if the score is 0
};

struct peer_table {
  std::vector<peer_entry> peers;  ///< ascending by number
};

BULWARK_EMPTY_OBJECT(get_peers)
BULWARK_OBJECT(peer_entry, BULWARK_FIELD(peer), BULWARK_FIELD(state), BULWARK_FIELD(status),
               BULWARK_FIELD(incarnation), BULWARK_FIELD(uptime_ms), BULWARK_FIELD(rtt_us),
               BULWARK_FIELD(silent_us), BULWARK_FIELD(phi), BULWARK_FIELD(lag_us),
               BULWARK_FIELD(cpu_permille), BULWARK_FIELD(memory_kib), BULWARK_FIELD(queue),
               BULWARK_FIELD(mailbox_age_us), BULWARK_FIELD(anomaly), BULWARK_FIELD(anomaly_of))
BULWARK_OBJECT(peer_table, BULWARK_FIELD(peers))

/// Registers the message types of the monitor; call it before the actor system is made.
void add_heartbeat_messages(caf::actor_system_config& config);

}  // namespace bulwark

CAF_BEGIN_TYPE_ID_BLOCK(bulwark_heartbeats, caf::first_custom_type_id + 75)
CAF_ADD_TYPE_ID(bulwark_heartbeats, (bulwark::get_peers))
CAF_ADD_TYPE_ID(bulwark_heartbeats, (bulwark::peer_table))
CAF_END_TYPE_ID_BLOCK(bulwark_heartbeats)
