// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>

#include "bulwark/supervision/supervisor.hpp"

namespace bulwark {

/// Makes a child, or the template of a pool, a worker of `router`: each incarnation joins when it is ready,
/// after a restart as one that starts anew (see slow_start_rule), and leaves when it ends. So a pool of
/// supervised workers and its router always agree on who is there, without anybody telling them.
///
/// The router gets the incarnations themselves, not `one.ref`, which may be left empty. A child that reports
/// readiness has to send it in its own name to the supervisor it was given, which here is a stand-in that
/// passes everything on. The router outlives the child; end it after its supervisor.
[[nodiscard]] child routed_child(const caf::actor& router, child one, double weight = 1);

}  // namespace bulwark
