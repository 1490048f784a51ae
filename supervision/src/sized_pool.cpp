// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/sized_pool.hpp"

#include <stdexcept>
#include <utility>

#include "bulwark/supervision/routed_child.hpp"
#include "pool_sizer.hpp"

namespace bulwark {

std::string validate(const sized_pool_options& options) {
  if (auto problem = options.rules.validate(); !problem.empty()) return problem;
  return options.flags.validate();
}

child sized_pool(const caf::actor& router, child worker, sized_pool_options options) {
  auto problem = validate(options);
  if (problem.empty() && !router) problem = "expected a router";
  if (!problem.empty()) throw std::invalid_argument{"pool \"" + options.name + "\": " + problem};

  supervisor_options workers;
  workers.name = "workers";
  workers.flags = options.flags;
  workers.flags.strategy = restart_strategy::simple_one_for_one;
  workers.children.push_back(routed_child(router, std::move(worker)));

  child size;
  size.spec.id = "size";
  size.spec.restart = restart_type::transient;  // without a router there is nothing to do
  size.reports_ready = true;
  size.start = [router, rules = options.rules](caf::actor_system& system, const caf::actor& supervisor) {
    return start_result{system.spawn<pool_sizer>(router, supervisor, rules)};
  };

  supervisor_options pool;
  pool.name = std::move(options.name);
  pool.flags = options.flags;
  pool.flags.strategy = restart_strategy::rest_for_one;
  pool.children.push_back(supervisor_child(std::move(workers)));
  pool.children.push_back(std::move(size));
  return supervisor_child(std::move(pool));
}

}  // namespace bulwark
