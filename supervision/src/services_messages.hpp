// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "bulwark/actors/compat.hpp"

/// What the envoys of two nodes say to each other, over the connection of the link between them.
namespace bulwark::wire {

/// "Who serves this start of the service on your node?"
struct service_wanted {
  std::uint32_t from = 0;  ///< node that asks, and gets the answer
  std::string name;
  std::uint64_t start = 0;
};

/// "The one behind this fence of mine does." No answer otherwise: it is asked again.
struct service_at {
  std::uint32_t node = 0;         ///< that answers
  std::uint64_t incarnation = 0;  ///< of its life as a member
  std::string name;
  std::uint64_t start = 0;
  caf::actor service;
};

/// "How loaded are those of your services that have these names?" At most 256 at once.
struct loads_wanted {
  std::uint32_t from = 0;  ///< node that asks, and gets the answer
  std::vector<std::string> names;
};

struct service_load {
  std::string name;
  std::uint64_t start = 0;  ///< of the service, as the registry has it
  std::int64_t load = 0;    ///< messages that wait for it or are being handled, whoever sent them
};

/// "So much, at the moment." Of a service that does not count its messages nothing is said.
struct loads_at {
  std::uint32_t node = 0;         ///< that answers
  std::uint64_t incarnation = 0;  ///< of its life as a member
  std::vector<service_load> loads;
};

BULWARK_OBJECT(service_wanted, BULWARK_FIELD(from), BULWARK_FIELD(name), BULWARK_FIELD(start))
BULWARK_OBJECT(service_at, BULWARK_FIELD(node), BULWARK_FIELD(incarnation), BULWARK_FIELD(name),
               BULWARK_FIELD(start), BULWARK_FIELD(service))
BULWARK_OBJECT(loads_wanted, BULWARK_FIELD(from), BULWARK_FIELD(names))
BULWARK_OBJECT(service_load, BULWARK_FIELD(name), BULWARK_FIELD(start), BULWARK_FIELD(load))
BULWARK_OBJECT(loads_at, BULWARK_FIELD(node), BULWARK_FIELD(incarnation), BULWARK_FIELD(loads))

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
/// One that was asked by a reference to the name.
struct request_fenced {
  std::string name;
};
/// Also to those who listen, see services_state.
struct group_moved {};
struct services_tick {};

}  // namespace bulwark

CAF_BEGIN_TYPE_ID_BLOCK(bulwark_services_wire, caf::first_custom_type_id + 82)
CAF_ADD_TYPE_ID(bulwark_services_wire, (bulwark::wire::service_wanted))
CAF_ADD_TYPE_ID(bulwark_services_wire, (bulwark::wire::service_at))
CAF_ADD_TYPE_ID(bulwark_services_wire, (bulwark::wire::loads_wanted))
CAF_ADD_TYPE_ID(bulwark_services_wire, (bulwark::wire::loads_at))
CAF_END_TYPE_ID_BLOCK(bulwark_services_wire)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::reference_wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::service_served)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::service_withdrawn)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::watch_wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::router_wanted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::request_fenced)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::group_moved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::services_tick)
