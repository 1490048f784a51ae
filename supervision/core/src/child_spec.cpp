// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/child_spec.hpp"

#include <unordered_set>

namespace bulwark {

std::string child_spec::validate() const {
  if (id.empty()) return "a child needs an id";
  const auto of_child = " of child \"" + id + '"';
  if (id.find('/') != std::string::npos)
    return "the id" + of_child + " must not contain '/', which separates the parts of a path";
  if (shutdown.how == shutdown_policy::manner::timed && shutdown.limit < duration::zero())
    return "the shutdown time" + of_child + " must not be negative";
  if (start_timeout < duration::zero()) return "the start timeout" + of_child + " must not be negative";
  const auto problem = delays.validate();
  return problem.empty() ? problem : "the delays" + of_child + ": " + problem;
}

std::string supervisor_flags::validate() const {
  if (period <= duration::zero()) return "the period of restarts must be above zero";
  if (kill_limit <= duration::zero()) return "the time that a killed child has to end must be above zero";
  return {};
}

std::string validate(const supervisor_flags& flags, const std::vector<child_spec>& children) {
  if (auto problem = flags.validate(); !problem.empty()) return problem;
  std::unordered_set<std::string> seen;
  for (const auto& spec : children) {
    if (auto problem = spec.validate(); !problem.empty()) return problem;
    if (!seen.insert(spec.id).second) return "two children have the id \"" + spec.id + '"';
  }
  return {};
}

const char* to_string(restart_strategy strategy) noexcept {
  switch (strategy) {
    case restart_strategy::one_for_one: return "one_for_one";
    case restart_strategy::one_for_all: return "one_for_all";
    case restart_strategy::rest_for_one: return "rest_for_one";
  }
  return "unknown";
}

const char* to_string(restart_type type) noexcept {
  switch (type) {
    case restart_type::permanent: return "permanent";
    case restart_type::transient: return "transient";
    case restart_type::temporary: return "temporary";
  }
  return "unknown";
}

const char* to_string(child_type type) noexcept {
  return type == child_type::worker ? "worker" : "supervisor";
}

}  // namespace bulwark
