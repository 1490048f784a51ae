// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>

#include "bulwark/actors/service_actor.hpp"

namespace bulwark {

/// An actor that does not care for being asked to stop; it ends when it is killed.
inline caf::actor spawn_deaf(caf::actor_system& system) {
  return system.spawn(
      [](service_actor* self, bool) -> caf::behavior {
        self->set_exit_handler([](caf::exit_msg&) {});
        return {[](int) {}};
      },
      true);
}

}  // namespace bulwark
