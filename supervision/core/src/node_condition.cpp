// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/node_condition.hpp"

namespace bulwark {

void restart_watch::take(const supervision_event& event) {
  switch (event.kind) {
    case event_kind::exited:
    case event_kind::hung:
    case event_kind::start_failed:
      forget_below(event.path);
      parts_.insert(event.path);
      return;
    case event_kind::started:
      if (event.generation > 1) parts_.insert(event.path);
      return;
    case event_kind::stopped:
    case event_kind::abandoned:
    case event_kind::given_up:
      forget_below(event.path);
      parts_.erase(event.path);
      return;
    case event_kind::ready: parts_.erase(event.path); return;
    case event_kind::gave_up:
    case event_kind::shut_down: forget_below(event.path); return;
    default: return;
  }
}

void restart_watch::forget_below(const std::string& path) {
  if (path.empty()) return parts_.clear();
  const auto prefix = path + '/';
  auto at = parts_.lower_bound(prefix);
  while (at != parts_.end() && at->starts_with(prefix)) at = parts_.erase(at);
}

node_status status_of(const node_condition& node) noexcept {
  if (node.drains) return node_status::draining;
  if (!node.is_up) return node_status::recovering;
  return node.restarts_a_part ? node_status::restarting : node_status::normal;
}

}  // namespace bulwark
