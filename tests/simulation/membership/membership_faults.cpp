// SPDX-License-Identifier: BSD-3-Clause
// What can be done to a simulated world, and what is counted of it.
#include <algorithm>

#include "simulated_node.hpp"

namespace bulwark::test {

void membership_world::crash(std::uint32_t node) {
  nodes_[node]->crash();
  since_[node] = now_;
}

void membership_world::restart(std::uint32_t node) {
  if (nodes_[node]->is_alive()) return;
  faults_[node].healthy_since = now_;
  nodes_[node]->boot(nodes_[node]->life().incarnation + 1);
}

void membership_world::pause(std::uint32_t node) {
  set_faults(node, [](node_faults& of) { of.paused = true; });
}

void membership_world::resume(std::uint32_t node) {
  if (!faults_[node].paused) return;
  set_faults(node, [](node_faults& of) { of.paused = false; });
  nodes_[node]->resume();
}

void membership_world::set_faults(std::uint32_t node, const std::function<void(node_faults&)>& change) {
  change(faults_[node]);
  if (faults_[node].any())
    since_[node] = now_;
  else
    faults_[node].healthy_since = now_;
}

void membership_world::cut(std::uint32_t one, std::uint32_t other, bool is_cut) {
  if (is_cut)
    cuts_.insert(std::minmax(one, other));
  else
    cuts_.erase(std::minmax(one, other));
}

std::uint32_t membership_world::up() const {
  std::uint32_t count = 0;
  const auto latest = group_.latest();
  for (std::uint32_t node = 1; node <= options_.nodes; ++node) {
    const auto& known = latest->members[node];
    if (runs(node) && known.life == nodes_[node]->life() && known.state == member_state::up) ++count;
  }
  return count;
}

void membership_world::drain(std::uint32_t node) { nodes_[node]->drain(); }

void membership_world::keep(std::uint32_t node, std::uint32_t child, bool is_kept) {
  nodes_[node]->keep(child, is_kept);
}

std::uint32_t membership_world::running() const { return running_; }

std::uint32_t membership_world::placed_on(std::uint32_t node) const {
  std::uint32_t count = 0;
  for (const auto& [name, child] : group_.state().children().all()) count += child.at.node == node ? 1 : 0;
  return count;
}

bool membership_world::is_declined(std::uint32_t node) const {
  const auto& all = group_.state().children().all();
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& one) { return one.second.declined.contains(node); });
}

std::uint32_t membership_world::missed_by(std::uint32_t node) const {
  const auto latest = group_.latest();
  return static_cast<std::uint32_t>(std::count_if(
      latest->live->begin(), latest->live->end(),
      [&](std::uint32_t other) { return !runs(other) || !reaches(node, other) || !reaches(other, node); }));
}

bool membership_world::leads_from_a_worse_place() const {
  for (std::uint32_t voter = 1; voter <= options_.voters; ++voter)
    if (leads_a_majority(voter) && reaches(leader_, voter) && missed_by(voter) < missed_by(leader_))
      return true;
  return false;
}

void membership_world::forget_counts() {
  sent_.fill(0);
  downs_.clear();
  suspicions_ = events_ = fenced_ = takeovers_ = handovers_ = 0;
}

}  // namespace bulwark::test
