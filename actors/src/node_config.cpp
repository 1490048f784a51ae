// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/node_config.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <thread>

#include "bulwark/actors/link.hpp"
#include "bulwark/actors/messages.hpp"
#include "node_scheduler.hpp"

namespace bulwark {

node_config::node_config(const node_config_options& options) {
  load<caf::io::middleman>();
  const auto threads = options.threads != 0
                           ? options.threads
                           : std::clamp<std::size_t>(std::thread::hardware_concurrency(), 2, 8);
  use_node_scheduler(*this);
  set("scheduler.max-threads", threads);
  // Without a limit one actor that feeds itself starves all others.
  set("scheduler.max-throughput", options.throughput);
  set("middleman.heartbeat-interval", caf::timespan{options.connection_interval});
  set("middleman.connection-timeout", caf::timespan{options.connection_timeout});
  // Messages are small: to read one where it arrives takes less than to hand it to another thread.
  set("middleman.workers", std::size_t{0});
  set("middleman.enable-automatic-connections", false);
  add_actors_messages(*this);
  add_link_messages(*this);
}

}  // namespace bulwark
