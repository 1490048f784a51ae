// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/supervision/core/membership_group.hpp"

namespace bulwark {

/// What a node has to say to the group about one distributed child, until the group shows that it heard: that
/// the child is to be placed, and whether this node would run it.
///
/// It goes by the state of the group, not by answers, so that a lost word is said again and a repeated one
/// does no harm. A node that stops the tree that its child hangs in declines, and the child moves; one that
/// has it again offers to run it.
///
/// Owner: whoever keeps the child on this node, or a simulation; not thread-safe
/// Time:  the caller passes `now`; never goes back
class placement_word {
 public:
  /// What the group shows of the child and of this node.
  struct seen {
    const placed_child* child = nullptr;  ///< null: the group does not know it
    node_life life;                       ///< of this node, if it is a member in this life; else node 0
    bool drains = false;
  };

  /// What is not heard is said again after `say_again`.
  placement_word(placing::place child, duration say_again)
      : child_{std::move(child)}, say_again_{say_again} {}

  [[nodiscard]] static seen look(const membership_group& group, const std::string& child, node_life life);

  /// What is to be said now, if anything. `is_willing`: this node would run the child.
  [[nodiscard]] std::optional<placing::command> due(const seen& now_is, bool is_willing, instant now);

  /// Whether the group knows, so that nothing is to be said.
  [[nodiscard]] bool is_heard(const seen& now_is, bool is_willing) const {
    return !missing(now_is, is_willing);
  }

 private:
  [[nodiscard]] std::optional<placing::command> missing(const seen& now_is, bool is_willing) const;

  placing::place child_;
  duration say_again_;
  instant next_{};
  std::size_t last_ = 0;  ///< kind of what was said last
};

}  // namespace bulwark
