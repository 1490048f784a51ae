// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor_system_config.hpp>

namespace bulwark {

/// Has actor systems of this configuration run their actors by a run_queue in place of CAF's scheduler, and
/// with a quiet_clock; "scheduler.policy" has no effect then, the other settings of the scheduler have.
void use_node_scheduler(caf::actor_system_config& config);

}  // namespace bulwark
