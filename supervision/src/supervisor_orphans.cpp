// SPDX-License-Identifier: BSD-3-Clause
// Who did not end: children that outlived their kill, and what is below a supervisor that is killed itself.
#include <iterator>
#include <utility>

#include "supervisor_actor.hpp"

namespace bulwark {

void supervisor_actor::perform(const plan::abandoned& effect) {
  if (const auto at = members_.find(effect.id); at != members_.end()) {
    auto& one = at->second;
    if (one.current) incarnations_.erase(one.current.address());
    one.current = nullptr;
  } else {
    std::erase_if(orphans_, [&](const auto& orphan) { return orphan.second == effect.id; });
  }
  if (plan_.ending()) abandoned_.push_back(path_of(effect.id));
}

void supervisor_actor::report_abandoned() {
  for (auto& promise : stop_requests_) promise.deliver(stop_report{abandoned_});
  abandoned_.clear();
}

/// Comes ahead of the down_msg of the supervisor that left them.
void supervisor_actor::on_orphans(const orphans_left& left) {
  if (!plan_.ending()) return;  // who was abandoned before has been told; nobody waits for the others
  abandoned_.insert(abandoned_.end(), left.abandoned.begin(), left.abandoned.end());
  for (const auto& [path, handle] : left.alive) {
    auto below = path_.empty() ? path : path.substr(path_.size() + 1);
    orphans_[handle.address()] = below;
    monitor(handle);
    take(plan::orphaned{std::move(below)});
  }
}

/// Only who is killed has somebody to leave. Goes ahead of the kill of those below, who may have orphans,
/// too.
void supervisor_actor::leave_orphans() {
  const auto heir = caf::actor_cast<caf::actor>(heir_ ? heir_ : parent_);
  if (!heir) return;
  orphans_left left{{}, std::move(abandoned_)};
  for (const auto& [id, one] : members_) {
    if (!one.current) continue;
    left.alive.push_back({path_of(id), one.current});
    if (one.what->spec.type == child_type::supervisor)
      caf::anon_send<caf::message_priority::high>(one.current, orphans_go_to{heir});
  }
  for (const auto& [address, path] : orphans_)
    if (auto handle = caf::actor_cast<caf::actor>(address))
      left.alive.push_back({path_of(path), std::move(handle)});
  if (!left.alive.empty() || !left.abandoned.empty())
    caf::anon_send<caf::message_priority::high>(heir, std::move(left));
}

}  // namespace bulwark
