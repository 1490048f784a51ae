// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bulwark/actors/certificates.hpp"
#include "bulwark/actors/link.hpp"
#include "bulwark/consensus/core/state_machine.hpp"
#include "bulwark/supervision/core/anomaly_tracker.hpp"
#include "bulwark/supervision/core/failure_detector.hpp"
#include "bulwark/supervision/core/load_report.hpp"
#include "bulwark/supervision/services.hpp"
#include "bulwark/supervision/supervisor.hpp"

namespace bulwark::consensus {

struct cluster_node_options {
  std::string cluster = "default";              ///< name of the cluster; nodes of others are refused
  std::uint32_t self = 0;                       ///< number of this node, 1 or more
  peer_address listen{"127.0.0.1", 0};          ///< where the others reach it; port 0 picks a free one
  std::map<std::uint32_t, peer_address> peers;  ///< the other nodes
  std::vector<std::uint32_t> voters;            ///< who votes at first; empty: all of them, and self
  /// A voter that is down for so long is replaced by a node without a vote, if one is up; 0: never.
  duration replace_after{};
  std::vector<std::string> roles;   ///< what this node can be given, see distributed_child()
  std::filesystem::path directory;  ///< for its data; made if it is not there
  duration interval = std::chrono::milliseconds{100};  ///< T_interval: time between heartbeats
  duration timeout = std::chrono::milliseconds{400};   ///< T_timeout
  detector_kind detector = detector_kind::phi;         ///< who counts as suspect, see detector_options
  double threshold = 8;                                ///< phi only, likewise
  std::size_t window = 200;                            ///< phi only, likewise
  std::size_t snapshot_bytes = 64u << 20;              ///< a snapshot after so many bytes of commands
  /// What is replicated beside the membership, asked by consensus::submit to replica(); empty: nothing.
  std::function<std::unique_ptr<state_machine>()> machine{};
  /// When it tells the group how busy its process is, which decides where distributed children are placed.
  load_report_options load{};
  /// Bounds and times; `self` and `group` are filled in.
  services_options services{};
  /// What runs on this node and uses its services; called once. May be left empty.
  std::function<std::vector<child>(const bulwark::services&)> children{};
  supervisor_flags flags{};  ///< of the supervisor of these children
  event_sink sink{};         ///< gets what the supervisors do
  /// Gets every changed verdict of this node's own detector on those whom it watches, which is evidence and
  /// no more: the group decides. Called in an actor, must be quick. May be left empty.
  std::function<void(const peer_change&)> on_verdict{};
  /// Gets every change of opinion on whether a peer behaves as usual, see heartbeat_options. Called in an
  /// actor, must be quick. May be left empty.
  std::function<void(std::uint32_t peer, const anomaly_change&)> on_anomaly{};
  /// Gets the group as this node sees it, whenever that has changed, before the node acts on it. Called in an
  /// actor, must be quick. May be left empty.
  std::function<void(const membership_group&)> on_group{};
  duration leave_patience = std::chrono::milliseconds{500};  ///< for the group to hear that it leaves
  tls_files tls{};        ///< how nodes know each other; none: anybody may connect
  bool insecure = false;  ///< may listen where other machines reach it, without TLS

  /// Empty if the options can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// A node of a cluster with all that services across nodes need, supervised: links, failure detector, a
/// replica of the group, the membership, the services, and the user's own children on top.
///
/// It joins the group by itself. It is drained by drain(), and leaves when it is destroyed: if it leads the
/// group, another node takes over, which is waited for, for little more than T_interval + T_timeout at most;
/// then the user's children stop and give their names up, and the group hears of it.
///
/// Threads: all functions may be called from any thread; one owner destroys it
/// Errors:  the constructor throws log_failure if the directory is another's or in use, std::runtime_error if
///          the port cannot be listened on, std::invalid_argument if the options cannot work
/// Bounds:  one in each actor system, which must be made with a node_config and add_cluster_messages()
class cluster_node {
 public:
  cluster_node(caf::actor_system& system, cluster_node_options options);
  ~cluster_node();
  cluster_node(const cluster_node&) = delete;
  cluster_node& operator=(const cluster_node&) = delete;

  [[nodiscard]] const bulwark::services& services() const;
  /// The group as this node has seen it last; null before the first change.
  [[nodiscard]] std::shared_ptr<const membership_group> group() const;
  /// The life in which this node is a member, or wants to be.
  [[nodiscard]] node_life life() const;

  /// Takes nothing new from now on: its distributed children move, routers pass it over, and if it leads the
  /// group, another node is told to. Does not wait for that.
  void drain();
  /// The group has heard of the drain, and no distributed child is left here. It stays false while nobody
  /// else can take one.
  [[nodiscard]] bool has_handed_over() const;

  [[nodiscard]] const caf::actor& replica() const;     ///< stable reference
  [[nodiscard]] const caf::actor& heartbeats() const;  ///< stable reference; takes get_peers
  [[nodiscard]] const caf::actor& supervisor() const;  ///< of what the node itself consists of
  [[nodiscard]] const caf::actor& children() const;    ///< supervisor of the user's children; null if none
  [[nodiscard]] std::uint16_t port() const;            ///< where it listens

 private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

/// Registers the message types of a cluster_node; call it before the actor system is made.
void add_cluster_messages(caf::actor_system_config& config);

}  // namespace bulwark::consensus
