// SPDX-License-Identifier: BSD-3-Clause
#include "services_loads.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <cstddef>
#include <utility>

#include "bulwark/actors/service_actor.hpp"

namespace bulwark {

namespace {

/// In one message: more are asked for in several.
constexpr std::size_t loads_told_max = 256;
/// A question without an answer is lost after so many times the time between two.
constexpr int rounds_of_patience = 5;

}  // namespace

void services_loads::ask(instant now) {
  const auto every = state_.options().ask_loads_every;
  if (every == duration::zero()) return;
  auto elsewhere = routers_.workers_elsewhere();
  std::erase_if(inquiries_, [&](const auto& one) { return !elsewhere.contains(one.first); });
  for (const auto& [node, names] : elsewhere) {
    auto& [asked, is_open] = inquiries_[node];
    if (asked && now - *asked < every * (is_open ? rounds_of_patience : 1)) continue;
    const auto peer = state_.envoy_of(node);
    if (!peer) continue;
    asked = now;
    is_open = true;
    for (std::size_t at = 0; at < names.size(); at += loads_told_max) {
      const auto first = names.begin() + static_cast<std::ptrdiff_t>(at);
      const auto count = std::min(loads_told_max, names.size() - at);
      caf::anon_send(peer, wire::loads_wanted{state_.options().self,
                                              {first, first + static_cast<std::ptrdiff_t>(count)}});
    }
  }
}

void services_loads::answer(const wire::loads_wanted& question, const node_life& self) const {
  const auto peer = state_.envoy_of(question.from);
  if (!peer) return;
  wire::loads_at told{state_.options().self, self.incarnation, {}};
  for (const auto& name : question.names) {
    if (told.loads.size() == loads_told_max) break;
    const auto what = state_.serving(name);
    const auto* gauge = what ? gauge_of(what->handle) : nullptr;
    if (gauge) told.loads.push_back({name, what->start, gauge->depth()});
  }
  caf::anon_send(peer, std::move(told));
}

void services_loads::take(const wire::loads_at& told) {
  const auto found = inquiries_.find(told.node);
  if (found == inquiries_.end()) return;
  found->second.is_open = false;
  for (const auto& one : told.loads)
    routers_.report({told.node, told.incarnation}, one.name, one.start, one.load);
}

}  // namespace bulwark
