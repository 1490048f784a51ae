// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>

#include "bulwark/consensus/membership_actor.hpp"
#include "bulwark/supervision/core/leader_vantage.hpp"

namespace bulwark::consensus {

/// What another node answered to a question of a leader_vantage.
struct vantage_answer {
  vantage::answered what;
};

/// Spawns the actor that, while this node leads, has a voter that reaches more members lead instead: what a
/// leader_vantage decides. It takes what it needs of the options of the membership, whose actor passes
/// vantage_answer on to it.
[[nodiscard]] caf::actor spawn_vantage(caf::actor_system& system, membership_options options);

}  // namespace bulwark::consensus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::vantage_answer)
