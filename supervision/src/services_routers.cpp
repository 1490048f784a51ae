// SPDX-License-Identifier: BSD-3-Clause
#include "services_routers.hpp"

#include <spdlog/spdlog.h>

#include <caf/all.hpp>
#include <utility>

#include "bulwark/actors/router.hpp"

namespace bulwark {

void services_routers::reset() {
  instances_.clear();
  for (const auto& [service, router] : state_.all_routers())
    for (const auto& one : worker_loads(router)) remove_worker(router, one.worker);
  for (const auto& [name, ref] : state_.all_references()) state_.drop_reference(name);
}

void services_routers::follow(const membership_group* group, const service_lookup& lookup,
                              const seeker& seek) {
  if (!group) return;
  for (const auto& [service, router] : state_.all_routers())
    follow_one(service, router, *group, lookup, seek);
}

void services_routers::follow_one(const std::string& service, const caf::actor& router,
                                  const membership_group& group, const service_lookup& lookup,
                                  const seeker& seek) {
  auto& known = instances_[service];
  for (auto one = known.begin(); one != known.end();) {
    if (group.names().whereis(one->first)) {
      ++one;
      continue;
    }
    give_up(one->first, one->second, router, seek);
    one = known.erase(one);
  }
  const auto& names = group.names().all();
  const auto prefix = service + '/';
  for (auto name = names.lower_bound(prefix); name != names.end() && name->first.starts_with(prefix);
       ++name) {
    if (!is_instance_of(service, name->first)) continue;
    auto& one = known[name->first];
    if (!one.ref) {
      auto ref = state_.reference(name->first, false);
      if (!ref) {
        known.erase(name->first);
        if (!std::exchange(complained_, true))
          spdlog::warn("services: no reference is left for {}: {}", name->first, error_text(ref.error()));
        continue;
      }
      one.ref = *ref;
      seek(finding::wanted{name->first});
    }
    const auto* owner = group.nodes().find(name->second.owner.node);
    update(router, one, lookup.bound_to(name->first) == name->second.token, owner && owner->draining);
  }
}

void services_routers::give_up(const std::string& name, const instance& one, const caf::actor& router,
                               const seeker& seek) {
  if (one.is_worker) remove_worker(router, one.ref);
  state_.drop_reference(name);
  if (state_.find_reference(name)) return;  // a user has it as well
  seek(finding::dropped{name});
  state_.shut_gate(name);
}

void services_routers::update(const caf::actor& router, instance& one, bool is_bound, bool drains) {
  if (is_bound && !one.is_worker) {
    add_worker(router, one.ref);
    one.drains = false;
  } else if (!is_bound && one.is_worker) {
    remove_worker(router, one.ref);
  }
  one.is_worker = is_bound;
  if (is_bound && drains != one.drains) drain_worker(router, one.ref, drains);
  one.drains = drains;
}

}  // namespace bulwark
