// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>
#include <cstddef>
#include <mutex>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/supervision/core/membership_group.hpp"

namespace bulwark {

/// The gates to services that gave their names up: what is under way there may be answered yet, though
/// nothing new goes there. They outlive the actor that looks after them. Thread-safe.
class leaving_gates {
 public:
  /// Beyond so many, those that come are shut at once.
  explicit leaving_gates(std::size_t gates_max) : gates_max_{gates_max} {}

  /// `owner`: life of the node on which the service is. After close() it is shut at once.
  void keep(const caf::actor& gate, const node_life& owner);
  /// Shuts those where nothing is under way any more, or whose node's life is over. `group` may be null.
  void look(const membership_group* group, instant now);
  /// The way to that node is lost.
  void lose(std::uint32_t node);
  /// Shuts all for good.
  void close();

 private:
  struct leaving {
    caf::actor gate;
    node_life owner;
  };

  template <class Condition>
  void shut_if(Condition condition);

  const std::size_t gates_max_;
  std::mutex mutex_;
  bool closed_ = false;
  std::vector<leaving> gates_;
};

}  // namespace bulwark
