// SPDX-License-Identifier: BSD-3-Clause
#include "services_routers.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <caf/all.hpp>
#include <utility>

#include "bulwark/actors/router.hpp"

namespace bulwark {

namespace {

/// More means as much; what a node says must not overflow what is added to it.
constexpr std::int64_t load_max = 1'000'000'000;

}  // namespace

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
    one.owner = name->second.owner;
    one.start = name->second.start;
    const auto* owner = group.nodes().find(one.owner.node);
    update(router, one, lookup.bound_to(name->first) == name->second.token, owner && owner->draining);
  }
}

std::map<std::uint32_t, std::vector<std::string>> services_routers::workers_elsewhere() const {
  std::map<std::uint32_t, std::vector<std::string>> all;
  for (const auto& [service, known] : instances_)
    for (const auto& [name, one] : known)
      if (one.is_worker && one.owner.node != state_.options().self) all[one.owner.node].push_back(name);
  return all;
}

void services_routers::report(const node_life& owner, const std::string& name, std::uint64_t start,
                              std::int64_t load) {
  const auto service = instances_.find(name.substr(0, name.rfind('/')));
  if (service == instances_.end()) return;
  const auto found = service->second.find(name);
  if (found == service->second.end()) return;
  const auto& one = found->second;
  if (!one.is_worker || one.owner != owner || one.start != start) return;
  if (const auto router = state_.find_router(service->first))
    report_load(router, one.ref, std::clamp<std::int64_t>(load, 0, load_max));
}

void services_routers::give_up(const std::string& name, const instance& one, const caf::actor& router,
                               const seeker& seek) {
  if (one.is_worker) remove_worker(router, one.ref);
  state_.drop_reference(name);
  if (state_.find_reference(name)) return;  // a user has it as well
  seek(finding::dropped{name});
  state_.shut_gate(name);
}

double services_routers::preference_of(const instance& one) const {
  const auto less = state_.options().anomalous_weight;
  return less < 1 && state_.is_anomalous(one.owner.node) ? less : 1;
}

void services_routers::update(const caf::actor& router, instance& one, bool is_bound, bool drains) {
  if (is_bound && !one.is_worker) {
    add_worker(router, one.ref);
    one.drains = false;
    one.preference = 1;
  } else if (!is_bound && one.is_worker) {
    remove_worker(router, one.ref);
  }
  one.is_worker = is_bound;
  if (is_bound && drains != one.drains) drain_worker(router, one.ref, drains);
  one.drains = drains;
  const auto preference = preference_of(one);
  if (is_bound && preference != one.preference) set_preference(router, one.ref, preference);
  one.preference = preference;
}

}  // namespace bulwark
