// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "bulwark/supervision/core/membership_group.hpp"

namespace bulwark::test {

/// A group of nodes 1 to 3 in their first lives, and a clock.
struct services_world {
  services_world() {
    for (std::uint32_t node = 1; node <= 3; ++node) enter({node, 1});
  }
  void enter(node_life life) {
    tell(members::command{members::join{life, "127.0.0.1:20001", {}}});
    tell(members::command{members::ready{life}});
  }
  group_result tell(const group_command& what) {
    group_changes changes;
    return group.apply(what, changes);
  }
  /// Claims and gives the token.
  std::uint64_t claim(const std::string& name, node_life owner, std::uint64_t start) {
    return std::get<registry_result>(tell(names::command{names::claim{name, owner, start}})).entry.token;
  }
  void bring_down(node_life life) { tell(members::command{members::leave{life}}); }

  membership_group group;
  instant now{std::chrono::hours{1}};
};

}  // namespace bulwark::test
