// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <functional>
#include <memory>

#include "bulwark/actors/core/event.hpp"
#include "bulwark/actors/tls.hpp"
#include "bulwark/consensus/data_directory.hpp"
#include "bulwark/node/event_ring.hpp"
#include "bulwark/node/node_status.hpp"
#include "bulwark/node/options.hpp"

namespace bulwark::node {

struct node_parts {
  const node_options* options = nullptr;            ///< outlives the tree
  const consensus::data_directory* data = nullptr;  ///< likewise
  std::shared_ptr<node_facts> facts;
  event_sink sink;
  std::shared_ptr<const event_ring> events;  ///< filled by the sink
  caf::actor parent;                         ///< gets child_ready once everything serves
  std::shared_ptr<tls_endpoint> tls;         ///< null: peers talk without TLS
  std::function<void()> drain;               ///< ends the node as SIGTERM does
};

/// The supervision tree of one node:
/// ```
/// root (one_for_one)
/// ├─ links (one_for_one)        connector, link-n2, link-n3, ...
/// ├─ heartbeats
/// ├─ consensus (rest_for_one)   log, replica
/// ├─ membership                 speaks for this node in the group
/// ├─ control                    the control socket
/// └─ clients (rest_for_one)     sessions (one_for_one): session1, ...; front
/// ```
class node_tree {
 public:
  /// Opens the door for peers and starts everything. Throws std::exception if a port cannot be listened on.
  node_tree(caf::actor_system& system, node_parts parts);
  ~node_tree();
  node_tree(node_tree&&) = delete;

  /// The root supervisor; it ends when it is asked to, or when it gives up.
  [[nodiscard]] const caf::actor& root() const;

  /// Where clients are served, "host:port" with the real port.
  [[nodiscard]] std::string resp() const;

  /// If this node leads, lets the follower that knows most of the log lead instead, and waits for that; if it
  /// takes more than one try, for half of the time to drain, and always for one try.
  void hand_leadership_over();

  /// No new connections; those that are open end once their commands are answered.
  void drain_clients();

  /// Says to the group that this node leaves, and waits for that long at most until the group has heard it.
  void leave(duration patience);

  [[nodiscard]] std::size_t connections() const;

 private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace bulwark::node
