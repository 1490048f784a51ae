// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/member_plan.hpp"

#include <algorithm>

#include "bulwark/cluster/failure.hpp"

namespace bulwark::cluster {

namespace {

bool has(const std::vector<std::string>& list, const std::string& id) {
  return std::find(list.begin(), list.end(), id) != list.end();
}

/// To whom the leader may hand over.
std::string successor_in(const cluster_view& view, const voting_view& voting, const std::string& leader) {
  for (const auto& node : view.nodes)
    if (node.id != leader && voting.votes(node.id) && node.answered && node.state == "up") return node.id;
  throw failure(exit_code::unhealthy, leader + " leads, and no other voter is up to take over",
                "bring one back, or add one with `bulwark member add NODE`");
}

std::optional<member_step> step_to_removal(const cluster_view& view, const voting_view& voting,
                                           const std::string& leader, const std::string& node) {
  if (!voting.votes(node) && !voting.learns(node)) return std::nullopt;
  if (node == leader) return member_step{"move", successor_in(view, voting, leader)};
  return member_step{"remove", node};
}

}  // namespace

bool voting_view::votes(const std::string& id) const { return has(voters, id); }
bool voting_view::learns(const std::string& id) const { return has(learners, id); }

voting_view voting_in(const cluster_view& view) {
  voting_view found;
  for (const auto& node : view.nodes) {
    if (!node.answered || !node.configured || node.voters.empty()) continue;
    if (found.configured && *node.configured <= *found.configured) continue;
    const auto majority = static_cast<std::uint32_t>(node.voters.size() / 2 + 1);
    found = {node.voters, node.learners, node.configured, node.accept_votes.value_or(majority),
             node.prepare_votes.value_or(majority)};
  }
  return found;
}

std::optional<member_step> next_step(const cluster_view& view, const std::string& leader,
                                     const member_goal& goal) {
  const auto voting = voting_in(view);
  const auto& newcomer = goal.wanted == member_goal::kind::is_replaced ? goal.by : goal.node;
  if (goal.wanted == member_goal::kind::is_gone) return step_to_removal(view, voting, leader, goal.node);
  if (!voting.votes(newcomer) && !voting.learns(newcomer)) return member_step{"add", newcomer};
  if (goal.wanted == member_goal::kind::learns) return std::nullopt;
  const bool replaces = goal.wanted == member_goal::kind::is_replaced && voting.votes(goal.node);
  if (voting.votes(newcomer))
    return replaces ? step_to_removal(view, voting, leader, goal.node) : std::nullopt;
  if (!replaces) return member_step{"promote", newcomer};
  if (goal.node == leader) return member_step{"move", successor_in(view, voting, leader)};
  return member_step{"replace", goal.node, newcomer};
}

}  // namespace bulwark::cluster
