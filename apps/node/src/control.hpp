// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "bulwark/consensus/member_board.hpp"
#include "bulwark/node/event_ring.hpp"
#include "bulwark/node/node_status.hpp"

namespace bulwark::node {

struct control_options {
  std::filesystem::path directory;  ///< gets control.sock
  std::shared_ptr<const node_facts> facts;
  std::uint32_t node = 0;
  std::function<caf::actor()> root;                      ///< the root supervisor; empty before it exists
  caf::actor replica;                                    ///< stable reference
  caf::actor heartbeats;                                 ///< stable reference
  std::shared_ptr<const consensus::member_board> board;  ///< what the group decided
  std::shared_ptr<const event_ring> events;              ///< what the tree did lately
  std::function<std::string()> resp;                     ///< where clients are served
  std::function<std::size_t()> connections;
  std::function<void()> drain;  ///< ends the node as SIGTERM does
};

/// Spawns the actor that answers questions on the node's control socket: status, members, tree, events, kill,
/// move_leader, drain. Requests and answers are one JSON object a line; docs/architecture.md lists their
/// fields. Whoever may open the socket (mode 0600) may ask for everything. Throws std::exception if the
/// socket cannot be made.
caf::actor spawn_control(caf::actor_system& system, control_options options);

}  // namespace bulwark::node
