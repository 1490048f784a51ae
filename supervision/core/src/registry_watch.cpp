// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/registry_watch.hpp"

#include <algorithm>
#include <utility>

namespace bulwark {

void registry_watch::add(std::uint64_t watch, const std::string& name, std::uint64_t token,
                         const registry& names, std::vector<watch_event>& events) {
  const watched one{name, token};
  if (names.check(name, token) != registry_error::none) return conclude(watch, one, names, events);
  if (watched_.emplace(watch, one).second) by_token_.emplace(token, watch);
  seen_ = std::max(seen_, names.revision());
}

void registry_watch::cancel(std::uint64_t watch) {
  const auto found = watched_.find(watch);
  if (found == watched_.end()) return;
  const auto [first, last] = by_token_.equal_range(found->second.token);
  by_token_.erase(std::find_if(first, last, [&](const auto& one) { return one.second == watch; }));
  watched_.erase(found);
}

void registry_watch::on(const name_change& change, std::vector<watch_event>& events) {
  seen_ = std::max(seen_, change.revision);
  if (change.before == 0) return;
  const auto [first, last] = by_token_.equal_range(change.before);
  for (auto one = first; one != last; ++one) {
    events.push_back({one->second, change.name, change.what, change.token});
    watched_.erase(one->second);
  }
  by_token_.erase(first, last);
}

void registry_watch::resynced(const registry& names, std::vector<watch_event>& events) {
  if (names.revision() < seen_) return;  // a replay, which will come to what is known
  seen_ = names.revision();
  auto before = std::exchange(watched_, {});
  by_token_.clear();
  for (auto& [watch, one] : before) {
    if (names.check(one.name, one.token) == registry_error::none) {
      by_token_.emplace(one.token, watch);
      watched_.emplace(watch, std::move(one));
    } else {
      conclude(watch, one, names, events);
    }
  }
}

void registry_watch::conclude(std::uint64_t watch, const watched& on, const registry& names,
                              std::vector<watch_event>& events) {
  // If how it ended is forgotten, all that is known is that it is gone.
  const auto how = names.end_of(on.token).value_or(name_event::service_down);
  const auto* now = names.whereis(on.name);
  const bool is_restarted = how == name_event::restarted && now;
  events.push_back({watch, on.name, how, is_restarted ? now->token : 0});
}

}  // namespace bulwark
