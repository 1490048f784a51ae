// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor_system_config.hpp>
#include <cstddef>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

struct node_config_options {
  /// Threads that run actors, apart from those with a thread of their own; 0: as many as there are
  /// processors, but at least 2 and at most 8.
  std::size_t threads = 0;
  /// Messages that one actor handles before another one gets the thread.
  std::size_t throughput = 300;
  /// CAF's own heartbeats on connections. They are not what detects failures: they only end connections that
  /// would hang for ever. Must be about the same at both ends.
  duration connection_interval = std::chrono::milliseconds{2500};
  duration connection_timeout = std::chrono::seconds{10};
};

/// How the actor system of a node is set up: networking, links and their messages. Whoever uses more
/// libraries adds their messages before making the actor system.
class node_config : public caf::actor_system_config {
 public:
  explicit node_config(const node_config_options& options = {});
};

}  // namespace bulwark
