// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/voter_keeper.hpp"

#include <algorithm>

namespace bulwark {

namespace {

bool is_in(const std::vector<std::uint32_t>& list, std::uint32_t node) {
  return std::find(list.begin(), list.end(), node) != list.end();
}

voter_keeper::node_health voter_health(const voter_keeper::situation& what, std::uint32_t node) {
  const auto found = what.nodes.find(node);
  return found == what.nodes.end() ? voter_keeper::node_health::doubtful : found->second;
}

}  // namespace

std::optional<voter_keeper::change> voter_keeper::next(const situation& now_is, instant now) {
  if (patience_ <= duration{0}) return std::nullopt;
  std::uint32_t gone = 0;
  for (const auto voter : now_is.voters) {
    if (voter_health(now_is, voter) != node_health::down) {
      down_since_.erase(voter);
      continue;
    }
    const auto since = down_since_.emplace(voter, now).first->second;
    if (gone == 0 && now - since >= patience_) gone = voter;
  }
  std::erase_if(down_since_, [&](const auto& one) { return !is_in(now_is.voters, one.first); });
  if (gone == 0) return std::nullopt;
  for (const auto learner : now_is.learners)
    if (voter_health(now_is, learner) == node_health::up) return change{gone, learner};
  for (const auto& [node, health] : now_is.nodes)
    if (health == node_health::up && !is_in(now_is.voters, node) && !is_in(now_is.learners, node))
      return change{0, node};
  return std::nullopt;
}

}  // namespace bulwark
