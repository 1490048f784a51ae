// SPDX-License-Identifier: BSD-3-Clause
#include "roster.hpp"

#include <algorithm>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark::consensus {

// However many outsiders there are, those who belong to the group find room.
static_assert(group_nodes_max + 1 < node_set::capacity);

roster::roster(configuration first, node_id self, slot no_vote_up_to)
    : current_{std::move(first)}, no_vote_up_to_{no_vote_up_to} {
  for (const auto& one : current_.nodes) nodes_.push_back(one.id);
  self_ = *admit(self);
  count_votes();
}

std::optional<std::size_t> roster::index_of(node_id node) const {
  const auto found = std::find(nodes_.begin(), nodes_.end(), node);
  if (found == nodes_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - nodes_.begin());
}

std::optional<std::size_t> roster::admit(node_id node) {
  if (const auto known = index_of(node)) return known;
  if (node == node_id::none || nodes_.size() == node_set::capacity) return std::nullopt;
  nodes_.push_back(node);
  return nodes_.size() - 1;
}

std::vector<std::size_t> roster::adopt(configuration next) {
  std::vector<std::size_t> forgotten;
  for (const auto& one : next.nodes)
    if (!admit(one.id)) nodes_[make_room(forgotten, next)] = one.id;
  current_ = std::move(next);
  count_votes();
  return forgotten;
}

std::size_t roster::make_room(std::vector<std::size_t>& forgotten, const configuration& next) {
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (i != self_ && !next.find(nodes_[i])) {
      forgotten.push_back(i);
      return i;
    }
  BULWARK_INVARIANT(false);
  return 0;
}

void roster::count_votes() {
  voting_.clear();
  members_.clear();
  for (const auto& one : current_.nodes) {
    const auto index = *index_of(one.id);
    members_.add(index);
    if (one.votes && !(index == self_ && withholds_vote())) voting_.add(index);
  }
}

}  // namespace bulwark::consensus
