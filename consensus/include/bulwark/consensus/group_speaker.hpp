// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

namespace bulwark::consensus {

/// Spawns the speaker of a group_port: takes group_order and token_question, and asks a replica of this
/// process, whose machine is a group_machine. What nobody can tell is answered `replicated_error::unknown`.
/// `replica` is a stable reference.
[[nodiscard]] caf::actor spawn_group_speaker(caf::actor_system& system, const caf::actor& replica);

}  // namespace bulwark::consensus
