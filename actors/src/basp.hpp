// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/io/basp_broker.hpp>

namespace bulwark {

/// CAF's actor for connections between nodes.
inline caf::actor basp_of(caf::actor_system& system) {
  return system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
}

/// The connection to a node; none if there is none. For the network's thread, which alone may look it up.
inline caf::optional<caf::io::connection_handle> connection_to(const caf::node_id& node,
                                                               const caf::actor& basp) {
  auto* const broker = dynamic_cast<caf::io::basp_broker*>(caf::actor_cast<caf::abstract_actor*>(basp));
  constexpr auto over = caf::abstract_actor::is_shutting_down_flag | caf::abstract_actor::is_terminated_flag;
  if (!broker || broker->getf(over)) return caf::none;
  return broker->instance.tbl().lookup_direct(node);
}

}  // namespace bulwark
