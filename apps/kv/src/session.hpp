// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/fwd.hpp>

#include "service_shared.hpp"

namespace bulwark::kv {

/// Starts a session worker: it holds the conversations of its client connections, and is where the front
/// sends what they say.
caf::actor spawn_session(caf::actor_system& system, std::shared_ptr<service::shared> service);

}  // namespace bulwark::kv
