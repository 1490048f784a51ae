// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "bulwark/supervision/core/membership.hpp"

namespace bulwark::test {

/// A group of nodes in their first lives, and what changed by the latest command.
class membership_run {
 public:
  explicit membership_run(std::uint32_t nodes = 0) {
    for (std::uint32_t node = 1; node <= nodes; ++node) enter({node, 1});
  }

  void enter(node_life life) {
    apply(members::join{life, "127.0.0.1:20001", {}});
    apply(members::ready{life});
  }

  membership_error apply(const members::command& what) {
    changes.clear();
    return group.apply(what, changes).error;
  }

  /// The observer says that it cannot hear the subject; both in the lives that the group knows.
  membership_error accuse(std::uint32_t observer, std::uint32_t subject) {
    return apply(members::accuse{life(observer), life(subject), group.find(subject)->round});
  }

  membership_error withdraw(std::uint32_t observer, std::uint32_t subject) {
    return apply(members::withdraw{life(observer), life(subject)});
  }

  membership_error refute(std::uint32_t node) {
    return apply(members::refute{life(node), group.find(node)->round});
  }

  /// As many observers accuse it as are needed.
  void bring_down(std::uint32_t subject) {
    const auto observers = group.observers_of(subject);
    const auto needed = group.accusers_needed(subject);
    for (std::size_t i = 0; i < needed; ++i) accuse(observers[i], subject);
  }

  [[nodiscard]] node_life life(std::uint32_t node) const { return group.find(node)->life; }
  [[nodiscard]] member_state state(std::uint32_t node) const { return group.find(node)->state; }

  membership group;
  std::vector<membership_change> changes;
};

}  // namespace bulwark::test
