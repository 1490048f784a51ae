// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <cstdint>
#include <string>

#include "bulwark/actors/compat.hpp"

/// What the envoys of two nodes say to each other, over the connection of the link between them.
namespace bulwark::wire {

/// "Who serves this start of the service on your node?"
struct service_wanted {
  std::uint32_t from = 0;  ///< node that asks, and gets the answer
  std::string name;
  std::uint64_t start = 0;
};

/// "This actor of mine does." No answer otherwise: it is asked again.
struct service_at {
  std::uint32_t node = 0;         ///< that answers
  std::uint64_t incarnation = 0;  ///< of its life as a member
  std::string name;
  std::uint64_t start = 0;
  caf::actor service;
};

BULWARK_OBJECT(service_wanted, BULWARK_FIELD(from), BULWARK_FIELD(name), BULWARK_FIELD(start))
BULWARK_OBJECT(service_at, BULWARK_FIELD(node), BULWARK_FIELD(incarnation), BULWARK_FIELD(name),
               BULWARK_FIELD(start), BULWARK_FIELD(service))

}  // namespace bulwark::wire

namespace bulwark {

// -- from the handle of the services to the actor that does the work; never leave the process

struct reference_wanted {
  std::string name;
};
struct service_served {
  std::string name;
};
struct service_withdrawn {
  std::string name;
  bool for_good = false;
};
struct watch_wanted {
  std::uint64_t number = 0;
};
struct router_wanted {
  std::string service;
};
/// Also to those who listen, see services_state.
struct group_moved {};
struct services_tick {};

}  // namespace bulwark

CAF_BEGIN_TYPE_ID_BLOCK(bulwark_services_wire, caf::first_custom_type_id + 82)
CAF_ADD_TYPE_ID(bulwark_services_wire, (bulwark::wire::service_wanted))
CAF_ADD_TYPE_ID(bulwark_services_wire, (bulwark::wire::service_at))
CAF_END_TYPE_ID_BLOCK(bulwark_services_wire)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::reference_wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::service_served)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::service_withdrawn)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::watch_wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::router_wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::group_moved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::services_tick)
