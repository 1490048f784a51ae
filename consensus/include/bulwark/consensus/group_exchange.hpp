// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/actors/link.hpp"
#include "bulwark/consensus/core/ids.hpp"
#include "bulwark/consensus/core/replica.hpp"

namespace bulwark::consensus {

/// Which replica of this process is of which group: by stable references. Outlives the exchange that goes by
/// it. Thread-safe.
class group_routes {
 public:
  /// False if the group has one already.
  bool add(group_id group, caf::actor replica);
  void remove(group_id group);
  /// Null if there is none.
  [[nodiscard]] caf::actor find(group_id group) const;
  [[nodiscard]] std::vector<caf::actor> all() const;

 private:
  mutable std::mutex mutex_;
  std::map<group_id, caf::actor> replicas_;
};

struct group_exchange_options {
  std::map<node_id, caf::actor> links;                 ///< to all peers; stable references
  std::shared_ptr<group_routes> routes;                ///< not null
  std::size_t packet_bytes = 1u << 20;                 ///< a packet is sent once it is that large
  credit_window window{4096, 32u << 20};               ///< what may wait at one replica; more is dropped
  bool pulses = false;                                 ///< for quiet groups: heartbeats between processes
  duration interval = std::chrono::milliseconds{100};  ///< T_interval of these
  duration timeout = std::chrono::milliseconds{400};   ///< T_timeout of these
};

/// Frames of a replica, to be sent to a peer.
struct group_packet {
  node_id peer = node_id::none;
  std::string bytes;
};

/// A replica of this group takes part, and wants to know how the links are.
struct replica_joined {
  group_id group{};
};

/// Asks an exchange how it is. Answered by one `group_exchange_report`, at once.
struct get_group_exchange_report {};

/// Counts since the exchange was started.
struct group_exchange_report {
  std::uint64_t packets_sent = 0;
  std::uint64_t frames_sent = 0;  ///< runs of frames that replicas handed over
  std::uint64_t packets_received = 0;
  std::uint64_t dropped_broken = 0;   ///< packets that cannot be taken apart
  std::uint64_t dropped_unknown = 0;  ///< runs of frames for groups that are not here
  std::uint64_t dropped_full = 0;     ///< runs of frames for replicas that do not take them
  std::vector<node_id> silent;        ///< peers, if there are pulses
};

/// Spawns what stands between the links of a process and the replicas of its groups.
///
/// Takes:  group_packet of replicas: all that come in one turn share packets. peer_packet and peer_link_state
///         of links: each group's frames go to its replica, the state of a link to all. replica_joined.
///         get_group_exchange_report.
/// Pulses: an empty packet to each peer that nothing else was sent to for T_interval. A peer from which
///         nothing came for T_interval + T_timeout is silent; all replicas are told so, and when it is heard
///         of again (peer_silence).
/// Bounds: `window` for what a replica does not take. It keeps nothing else.
[[nodiscard]] caf::actor spawn_group_exchange(caf::actor_system& system, group_exchange_options options);

}  // namespace bulwark::consensus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::peer_silence)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::group_packet)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::replica_joined)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::get_group_exchange_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::group_exchange_report)
