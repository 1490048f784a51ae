// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/child_spec.hpp"

#include <unordered_set>

namespace bulwark {

namespace {

std::string problem_of_limit(const restart_limit& limit) {
  if (limit.period <= duration::zero()) return "the period of restarts must be above zero";
  if (limit.intensity > supervisor_flags::intensity_max && limit.intensity != supervisor_flags::unlimited)
    return "the restarts allowed within a period must be at most " +
           std::to_string(supervisor_flags::intensity_max) + ", or unlimited";
  return {};
}

/// What is wrong with the policies of a child, apart from what its siblings have to do with it.
std::string problem_of_policies(const child_spec& spec) {
  if (spec.shutdown.how == shutdown_policy::manner::timed && spec.shutdown.limit < duration::zero())
    return "the shutdown time must not be negative";
  if (spec.start_timeout < duration::zero()) return "the start timeout must not be negative";
  if (spec.progress_limit < duration::zero()) return "the progress limit must not be negative";
  if (spec.significant && spec.restart == restart_type::permanent)
    return "a significant child must be transient or temporary, as a permanent one never ends for good";
  if (spec.exceeded.how == exceeded_policy::manner::park && spec.exceeded.pause <= duration::zero())
    return "the pause of a parked child must be above zero";
  if (auto problem = spec.mail.validate(); !problem.empty()) return problem;
  if (spec.own_limit) {
    if (auto problem = problem_of_limit(*spec.own_limit); !problem.empty()) return problem;
  }
  return spec.delays.validate();
}

}  // namespace

std::string child_spec::validate() const {
  if (id.empty()) return "a child needs an id";
  if (id.find('/') != std::string::npos)
    return "the id of child \"" + id + "\" must not contain '/', which separates the parts of a path";
  const auto problem = problem_of_policies(*this);
  return problem.empty() ? problem : "child \"" + id + "\": " + problem;
}

directive child_spec::decide(const exit_status& failure) const {
  for (const auto& rule : rules)
    if (rule.fits(failure)) return rule.then;
  return directive::restart;
}

std::string supervisor_flags::validate() const {
  if (auto problem = problem_of_limit({intensity, period}); !problem.empty()) return problem;
  if (kill_limit <= duration::zero()) return "the time that a killed child has to end must be above zero";
  if (start_width == 0) return "at least one child must be allowed to start at a time";
  return {};
}

std::string validate_child(const supervisor_flags& flags, const child_spec& child) {
  if (auto problem = child.validate(); !problem.empty()) return problem;
  if (child.significant && flags.shutdown == auto_shutdown::never)
    return "child \"" + child.id + "\": it is significant, but its supervisor never shuts down by itself";
  return {};
}

std::string validate(const supervisor_flags& flags, const std::vector<child_spec>& children) {
  if (auto problem = flags.validate(); !problem.empty()) return problem;
  const bool pool = flags.strategy == restart_strategy::simple_one_for_one;
  if (pool && (children.size() != 1 || !children.front().depends_on.empty()))
    return "simple_one_for_one needs exactly one child, the template, and it depends on nobody";
  std::unordered_set<std::string> seen;
  for (const auto& spec : children) {
    if (auto problem = validate_child(flags, spec); !problem.empty()) return problem;
    for (const auto& needed : spec.depends_on) {
      if (!seen.contains(needed))
        return "child \"" + spec.id + "\" depends on \"" + needed + "\", which does not stand before it";
    }
    if (!seen.insert(spec.id).second) return "two children have the id \"" + spec.id + '"';
  }
  return {};
}

const char* to_string(restart_strategy strategy) noexcept {
  switch (strategy) {
    case restart_strategy::one_for_one: return "one_for_one";
    case restart_strategy::one_for_all: return "one_for_all";
    case restart_strategy::rest_for_one: return "rest_for_one";
    case restart_strategy::simple_one_for_one: return "simple_one_for_one";
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

const char* to_string(auto_shutdown mode) noexcept {
  switch (mode) {
    case auto_shutdown::never: return "never";
    case auto_shutdown::any_significant: return "any_significant";
    case auto_shutdown::all_significant: return "all_significant";
  }
  return "unknown";
}

const char* to_string(directive what) noexcept {
  switch (what) {
    case directive::restart: return "restart";
    case directive::resume: return "resume";
    case directive::stop: return "stop";
    case directive::escalate: return "escalate";
  }
  return "unknown";
}

}  // namespace bulwark
