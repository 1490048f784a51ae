// SPDX-License-Identifier: BSD-3-Clause
#include "services_orphans.hpp"

#include <chrono>

namespace bulwark {

namespace {

/// So long what starts a distributed child may be away: a supervisor restarts it.
constexpr duration adoption = std::chrono::seconds{2};

}  // namespace

void services_orphans::look(const membership_group& group, node_life life, instant now, const teller& tell) {
  std::erase_if(orphans_, [&](const auto& one) { return !is_orphan(group, life, one.first); });
  for (const auto& [child, placed] : group.children().all()) {
    if (placed.at != life || state_.has_keeper(child)) continue;
    const auto [found, is_new] = orphans_.try_emplace(child, now + adoption, placing::place{child});
    auto& one = found->second;
    if (is_new) await_end_of_tree(child, one);
    if (now < one.due || one.tree) continue;
    const auto what = one.word.due(placement_word::look(group, child, life), false, now);
    if (!what) continue;
    // Nobody else could claim a name that a live node holds.
    const auto name = placement::child_name(child);
    const auto* held = group.names().whereis(name);
    if (held && held->owner == life) tell(names::command{names::release{name, held->token}});
    tell(*what);
  }
}

bool services_orphans::is_orphan(const membership_group& group, node_life life,
                                 const std::string& child) const {
  const auto found = group.children().all().find(child);
  return found != group.children().all().end() && found->second.at == life && !state_.has_keeper(child);
}

/// What was started under the name may still run, whoever started it.
void services_orphans::await_end_of_tree(const std::string& child, orphan& one) {
  const auto tree = state_.last_tree(child);
  if (!tree) return;
  one.tree = tree.address();
  self_.monitor(tree);
}

void services_orphans::ended(const caf::actor_addr& who) {
  for (auto& [child, one] : orphans_)
    if (one.tree == who) one.tree = nullptr;
}

}  // namespace bulwark
