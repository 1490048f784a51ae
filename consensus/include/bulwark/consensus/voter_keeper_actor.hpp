// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <memory>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/member_board.hpp"

namespace bulwark::consensus {

struct voter_keeper_options {
  caf::actor replica;  ///< stable reference
  std::shared_ptr<member_board> board;
  duration look_every{};  ///< how often to look
  duration patience{};    ///< see voter_keeper
};

/// Spawns the actor that has a voter which stays down replaced, while this node leads.
caf::actor spawn_voter_keeper(caf::actor_system& system, voter_keeper_options options);

}  // namespace bulwark::consensus
