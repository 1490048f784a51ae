// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "bulwark/actors/core/time.hpp"
#include "services_messages.hpp"
#include "services_routers.hpp"
#include "services_state.hpp"

namespace bulwark {

/// Tells the routers of a node how loaded the instances on other nodes are, by asking the envoys there; and
/// answers theirs.
///
/// Only of instances that a router of this node has as workers is it asked, so a node without routers asks
/// nothing, and what one node has to say to another is bounded by the references of that one. There is one
/// question under way to each node, so a slow way to it is not made slower.
///
/// Owner: one services_actor, or a test; not thread-safe
class services_loads {
 public:
  services_loads(services_state& state, services_routers& routers) : state_{state}, routers_{routers} {}

  /// Asks those nodes whom it is time to ask.
  void ask(instant now);
  /// What a node says about its own.
  void take(const wire::loads_at& told);
  /// What this node says; to whoever asked, if that is reached.
  void answer(const wire::loads_wanted& question, const node_life& self) const;

 private:
  struct inquiry {
    std::optional<instant> asked{};
    bool is_open = false;
  };

  services_state& state_;
  services_routers& routers_;
  std::map<std::uint32_t, inquiry> inquiries_;  ///< by node
};

}  // namespace bulwark
