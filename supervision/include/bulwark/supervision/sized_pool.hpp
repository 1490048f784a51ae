// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <string>

#include "bulwark/supervision/core/child_spec.hpp"
#include "bulwark/supervision/core/pool_plan.hpp"
#include "bulwark/supervision/supervisor.hpp"

namespace bulwark {

struct sized_pool_options {
  std::string name;          ///< id of the pool among its siblings
  pool_rules rules{};        ///< how many workers there are, and how one goes
  supervisor_flags flags{};  ///< of the pool and of the supervisor of its workers, apart from the strategies
};

/// Empty if a pool can be made with them, else what is wrong and what was expected.
[[nodiscard]] std::string validate(const sized_pool_options& options);

/// A pool of supervised workers of `router`, resized by the load of that router: see pool_size for how many
/// there are, pool_plan for who goes. It is a supervisor with two children:
///
///     NAME (rest_for_one)
///     |- workers (simple_one_for_one)   one child for each worker, made from the template `worker`
///     '- size                           looks at the router each period, adds children and takes them out
///
/// A resize loses nothing: who is to go is drained, and stopped when it has nothing in flight and no leases.
/// Each resize is told as an event `resized` of the pool. The pool is ready when the least number of workers
/// is up. A worker that cannot be started is tried again after a period, unless it makes its supervisor give
/// up; one that fails is restarted as its spec says, and counts as there meanwhile.
///
/// Load is what its own workers have in flight and their leases, and all that waits at the router or was
/// refused by it; so a router has one sized pool. Workers work off messages of others than the router only if
/// these are in their mailbox when they are stopped.
///
/// When the router ends, `size` ends, and the workers are left as they are; as with any routed child, the
/// router is to outlive the pool. Throws std::invalid_argument if options or template make no sense, or there
/// is no router. `worker` is not yet a routed_child.
[[nodiscard]] child sized_pool(const caf::actor& router, child worker, sized_pool_options options);

}  // namespace bulwark
