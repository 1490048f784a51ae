// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bulwark/actors/certificates.hpp"
#include "bulwark/actors/core/time.hpp"
#include "bulwark/actors/link.hpp"
#include "bulwark/consensus/replica_actor.hpp"
#include "bulwark/supervision/supervisor.hpp"

namespace bulwark::consensus {

// -- children of a supervision tree -------------------------------------------------------------------

/// The branch "links" of a node's tree: the connector and one link for each peer that `dialling` names, which
/// are bound to the references. `subscribers` as in link_options; `envoy` may be null. Who is to be told what
/// is heard of a peer stands in `heard`.
[[nodiscard]] child links_branch(const caf::actor& connector, connector_options dialling,
                                 std::array<caf::actor, link_channels> subscribers,
                                 const caf::actor& envoy = {}, const hearings& heard = {});

/// The log and, behind it, the replica, as children of a supervisor with rest_for_one: a replica never
/// outlives the log that it recovered from. `log` and `replica` are stable references; `settings.log` and
/// `settings.on_ready` are filled in.
[[nodiscard]] std::vector<child> replica_children(const caf::actor& log, const caf::actor& replica,
                                                  std::filesystem::path log_directory,
                                                  const std::string& cluster, replica_actor_options settings);

/// Fills in who votes at first: `voters`, or if there are none, `self` and all its `peers`.
void set_voters(replica_options& core, node_id self, const std::vector<std::uint32_t>& voters,
                const std::vector<std::uint32_t>& peers);

/// How the children above are restarted: at once the first time, then ever more slowly.
[[nodiscard]] backoff_options member_delays();

/// Before a planned end: if the replica leads, lets the follower that knows most of the log lead instead, so
/// that nobody has to be elected, and waits for that. A transfer that fails is begun again, until `limit` is
/// over at the latest; the replica itself ends each after T_interval + T_timeout. Returns at once if there is
/// nobody to lead or no replica. Any thread, but not within an actor.
void hand_leadership_over(caf::actor_system& system, const caf::actor& replica, duration limit);

// -- a member by itself -------------------------------------------------------------------------------

struct group_member_options {
  std::string cluster = "default";                     ///< name of the group; members of others are refused
  std::uint32_t self = 0;                              ///< number of this member, 1 or more
  peer_address listen{"127.0.0.1", 0};                 ///< where the others reach it; port 0 picks a free one
  std::map<std::uint32_t, peer_address> peers;         ///< the other members, and nodes that may get members
  std::vector<std::uint32_t> voters;                   ///< who votes at first; empty: all of them, and self
  std::filesystem::path directory;                     ///< for its data; made if it is not there
  duration interval = std::chrono::milliseconds{100};  ///< T_interval: time between heartbeats
  duration timeout = std::chrono::milliseconds{400};   ///< T_timeout
  std::chrono::milliseconds lease{0};                  ///< see replica_options::lease
  std::size_t snapshot_bytes = 64u << 20;              ///< a snapshot after so many bytes of commands
  event_sink sink{};                                   ///< gets what its supervisors do
  tls_files tls{};        ///< how members know each other; none: anybody may connect
  bool insecure = false;  ///< may listen where other machines reach it, without TLS
};

/// A member of a Paxos group with all that it needs, supervised: links to the others, log, replica, and an
/// actor in front of it. See replicated<T>, which is this with a state of one's own.
class group_member {
 public:
  using machine_factory = std::function<std::unique_ptr<state_machine>()>;
  /// Makes what stands before the replica.
  using front_factory = std::function<caf::actor(caf::actor_system&, const caf::actor& replica)>;

  /// Throws log_failure, std::runtime_error or std::invalid_argument, see replicated<T>.
  group_member(caf::actor_system& system, group_member_options options, machine_factory machine,
               front_factory front);
  /// Stops the tree and waits until it has ended.
  ~group_member();
  group_member(const group_member&) = delete;
  group_member& operator=(const group_member&) = delete;

  /// Stable references.
  [[nodiscard]] const caf::actor& front() const;
  [[nodiscard]] const caf::actor& replica()
      const;  ///< takes get_replica_status, transfer_leadership, change_group
  [[nodiscard]] const caf::actor& supervisor() const;  ///< takes get_tree, kill_child
  [[nodiscard]] std::uint16_t port() const;            ///< where it listens

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace bulwark::consensus
