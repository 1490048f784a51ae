// SPDX-License-Identifier: BSD-3-Clause
// The stable references of a supervisor's children, and what became of the messages in their mailboxes.
#include "bulwark/actors/stable_ref.hpp"

#include "supervisor_actor.hpp"

namespace bulwark {

void supervisor_actor::bind_reference(member& of, const std::string& id) {
  of.quarantined = ref_stats(of.ref).quarantined;
  bind(of.ref, of.current, plan_.find_spec(id)->mail);
}

/// An actor leaves its mail before its end is told, so that the reference knows by now.
void supervisor_actor::report_quarantine(const member& of, const std::string& id, const caf::error& reason) {
  if (of.ref && ref_stats(of.ref).quarantined > of.quarantined)
    take(plan::message_quarantined{id, of.generation, describe_exit(reason)});
}

void supervisor_actor::let_go(member& of, bool for_good) {
  if (of.ref && for_good) {
    close(of.ref, caf::make_error(caf::exit_reason::unreachable));
  } else if (of.ref) {
    vacate(of.ref);
  }
  if (of.what->gone) of.what->gone(for_good);
}

}  // namespace bulwark
