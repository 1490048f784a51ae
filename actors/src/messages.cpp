// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/messages.hpp"

#include <caf/actor_system_config.hpp>

#include "bulwark/actors/router_messages.hpp"

namespace bulwark {

std::string to_string(service_error error) {
  switch (error) {
    case service_error::none: return "none";
    case service_error::overloaded: return "overloaded";
    case service_error::no_worker: return "no_worker";
    case service_error::expired: return "expired";
    case service_error::poisoned: return "poisoned";
    case service_error::not_handled: return "not_handled";
    case service_error::fenced: return "fenced";
  }
  return "unknown";
}

void add_actors_messages(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::bulwark_actors>();
  config.add_message_types<caf::id_block::bulwark_routing>();
  config.add_error_category(caf::atom("service"),
                            [](std::uint8_t code, caf::atom_value, const caf::message&) {
                              return to_string(static_cast<service_error>(code));
                            });
}

}  // namespace bulwark
