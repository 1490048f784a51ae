// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "bulwark/supervision/core/placement_word.hpp"
#include "services_state.hpp"

namespace bulwark {

/// Declines the distributed children that were placed on this node and that nothing here would start: their
/// tree was killed, or this program does not declare them. A keeper that comes later offers to run them.
///
/// Owner: one services actor, in whose turns all of it happens
class services_orphans {
 public:
  /// To the group.
  using teller = std::function<void(const group_command&)>;

  services_orphans(caf::event_based_actor& self, const services_state& state) : self_{self}, state_{state} {}

  /// The group may have changed, or time passed.
  void look(const membership_group& group, node_life life, instant now, const teller& tell);
  /// An actor that is monitored has ended.
  void ended(const caf::actor_addr& who);

 private:
  struct orphan {
    orphan(instant until, placing::place child)
        : due{until}, word{std::move(child), std::chrono::milliseconds{500}} {}
    instant due;
    placement_word word;
    caf::actor_addr tree{};  ///< what an earlier keeper started, until it has ended
  };

  [[nodiscard]] bool is_orphan(const membership_group& group, node_life life, const std::string& child) const;
  void await_end_of_tree(const std::string& child, orphan& one);

  caf::event_based_actor& self_;
  const services_state& state_;
  std::map<std::string, orphan> orphans_;  ///< by child
};

}  // namespace bulwark
