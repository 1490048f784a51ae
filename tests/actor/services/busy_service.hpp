// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <cstdint>

#include "bulwark/actors/service_actor.hpp"

namespace bulwark::test {

/// Leaves what it gets in its mailbox until it is told to go on. Answers 100 * own + the number it was asked
/// with.
inline caf::behavior busy_service(service_actor* self, std::int32_t own) {
  self->set_default_handler(caf::skip);
  return {[self, own](caf::ok_atom) {
    self->become(caf::behavior{[own](std::int32_t what) { return 100 * own + what; }});
  }};
}

}  // namespace bulwark::test
