// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/placement_word.hpp"

namespace bulwark {

placement_word::seen placement_word::look(const membership_group& group, const std::string& child,
                                          node_life life) {
  seen now_is;
  const auto found = group.children().all().find(child);
  if (found != group.children().all().end()) now_is.child = &found->second;
  if (group.nodes().check(life) != membership_error::none) return now_is;
  now_is.life = life;
  now_is.drains = group.nodes().find(life.node)->draining;
  return now_is;
}

std::optional<placing::command> placement_word::missing(const seen& now_is, bool is_willing) const {
  const auto* child = now_is.child;
  if (is_willing && (child == nullptr || child->role != child_.role || child->node != child_.node))
    return child_;
  // Whoever is no member is given no child, and would not be heard.
  if (child == nullptr || now_is.life.node == 0) return std::nullopt;
  const bool is_declined = child->is_declined_by(now_is.life);
  if (is_willing && is_declined) return placing::offer{child_.child, now_is.life};
  // A node that drains is given no more, so that it need not decline what it has not.
  const bool is_given = !now_is.drains || child->at == now_is.life;
  if (!is_willing && !is_declined && is_given) return placing::decline{child_.child, now_is.life};
  return std::nullopt;
}

std::optional<placing::command> placement_word::due(const seen& now_is, bool is_willing, instant now) {
  auto what = missing(now_is, is_willing);
  if (!what || (what->index() == last_ && now < next_)) return std::nullopt;
  last_ = what->index();
  next_ = now + say_again_;
  return what;
}

}  // namespace bulwark
