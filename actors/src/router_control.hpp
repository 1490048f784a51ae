// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <memory>

namespace bulwark {

class router_hub;

/// Passes orders that come as messages, and the ticks of the clock, to the hub of a router.
[[nodiscard]] caf::actor spawn_router_control(caf::actor_system& system,
                                              const std::shared_ptr<router_hub>& hub);

}  // namespace bulwark
