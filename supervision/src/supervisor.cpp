// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/supervisor.hpp"

#include <memory>
#include <stdexcept>
#include <utility>

#include "bulwark/actors/stable_ref.hpp"
#include "supervisor_actor.hpp"

namespace bulwark {

namespace {

void check(const supervisor_options& options) {
  if (const auto problem = validate(options.flags, options.children); !problem.empty())
    throw std::invalid_argument{problem};
  if (!options.restart_rate) return;
  if (const auto problem = options.restart_rate->validate(); !problem.empty())
    throw std::invalid_argument{problem};
}

/// The references of a whole subtree follow its supervisor: refused while it is down, closed when it never
/// comes back.
void let_go_of_all(const std::vector<child>& children, bool for_good) {
  for (const auto& one : children) {
    if (one.ref && for_good) {
      close(one.ref, caf::make_error(caf::exit_reason::unreachable));
    } else if (one.ref) {
      vacate(one.ref);
    }
    if (one.gone) one.gone(for_good);
  }
}

}  // namespace

std::string validate(const child& one) {
  if (!one.start && !one.start_with) return "child \"" + one.spec.id + "\" has no start function";
  if (one.ref && !is_stable_ref(one.ref))
    return "the reference of child \"" + one.spec.id + "\" is not a stable reference";
  return {};
}

std::string validate(const supervisor_flags& flags, const std::vector<child>& children) {
  std::vector<child_spec> specs;
  for (const auto& one : children) {
    if (auto problem = validate(one); !problem.empty()) return problem;
    if (one.ref && flags.strategy == restart_strategy::simple_one_for_one)
      return "the children of a pool cannot share one reference";
    if (one.ref_of_each && flags.strategy != restart_strategy::simple_one_for_one)
      return "child \"" + one.spec.id +
             "\" is no template of a pool; expected `ref` instead of `ref_of_each`";
    if (one.recovery && flags.strategy == restart_strategy::simple_one_for_one)
      return "the children of a pool cannot share their recovery points";
    specs.push_back(one.spec);
  }
  return validate(flags, specs);
}

caf::actor spawn_supervisor(caf::actor_system& system, supervisor_options options) {
  check(options);
  return system.spawn<supervisor_actor>(std::move(options));
}

child supervisor_child(supervisor_options options) {
  check(options);
  if (options.restart_rate)
    throw std::invalid_argument{"the restart rate of a tree is a matter of its root, not of \"" +
                                options.name + '"'};
  child made;
  made.spec.id = options.name;
  made.spec.type = child_type::supervisor;
  made.spec.shutdown = shutdown_policy::infinity();
  made.reports_ready = true;
  const auto below = std::make_shared<const supervisor_options>(std::move(options));
  made.start = [below](caf::actor_system& system, const caf::actor& supervisor) {
    auto incarnation = *below;
    incarnation.parent = supervisor;
    return spawn_supervisor(system, std::move(incarnation));
  };
  made.gone = [below](bool for_good) { let_go_of_all(below->children, for_good); };
  return made;
}

}  // namespace bulwark
