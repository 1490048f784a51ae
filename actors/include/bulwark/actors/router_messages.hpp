// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "bulwark/actors/compat.hpp"

namespace bulwark {

/// What the control actor of a router understands, see control_of().

enum class worker_change : std::uint8_t { join, leave, drain, undrain };

/// Answered by the number of workers then, or by an error: weights are above 0.
struct change_worker {
  caf::actor worker;
  worker_change what = worker_change::join;
  std::uint32_t weight_percent = 100;  ///< of a worker that joins
};

/// What report_load() does. Not answered.
struct worker_reports_load {
  caf::actor worker;
  std::int64_t load = 0;
};

/// What set_preference() does. Answered by the number of workers then, or by an error.
struct prefer_worker {
  caf::actor worker;
  std::uint32_t percent = 100;  ///< of its weight, 1 to 100
};

/// Answered by the name of the policy, or by an error if there is none of that name.
struct set_router_policy {
  std::string policy;  ///< as parse_policy reads it
};

/// Answered by a router_report.
struct get_router_report {};

struct worker_report {
  caf::actor worker;
  std::int64_t in_flight = 0;
  std::int64_t load = 0;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::string state;  ///< up, draining, ejected
};

struct router_report {
  std::string name;
  std::uint64_t submitted = 0, done = 0, rejected = 0, failed = 0, redelivered = 0;
  std::int64_t in_flight = 0;
  std::uint64_t waiting = 0;
  std::vector<worker_report> workers;
};

/// The timer of a router, private to it.
struct router_tick {};

BULWARK_OBJECT(change_worker, BULWARK_FIELD(worker), BULWARK_FIELD(what), BULWARK_FIELD(weight_percent))
BULWARK_OBJECT(worker_reports_load, BULWARK_FIELD(worker), BULWARK_FIELD(load))
BULWARK_OBJECT(prefer_worker, BULWARK_FIELD(worker), BULWARK_FIELD(percent))
BULWARK_OBJECT(set_router_policy, BULWARK_FIELD(policy))
BULWARK_EMPTY_OBJECT(get_router_report)
BULWARK_OBJECT(worker_report, BULWARK_FIELD(worker), BULWARK_FIELD(in_flight), BULWARK_FIELD(load),
               BULWARK_FIELD(done), BULWARK_FIELD(failed), BULWARK_FIELD(state))
BULWARK_OBJECT(router_report, BULWARK_FIELD(name), BULWARK_FIELD(submitted), BULWARK_FIELD(done),
               BULWARK_FIELD(rejected), BULWARK_FIELD(failed), BULWARK_FIELD(redelivered),
               BULWARK_FIELD(in_flight), BULWARK_FIELD(waiting), BULWARK_FIELD(workers))
BULWARK_EMPTY_OBJECT(router_tick)

}  // namespace bulwark

CAF_BEGIN_TYPE_ID_BLOCK(bulwark_routing, caf::first_custom_type_id + 35)
CAF_ADD_TYPE_ID(bulwark_routing, (bulwark::change_worker))
CAF_ADD_TYPE_ID(bulwark_routing, (bulwark::worker_reports_load))
CAF_ADD_TYPE_ID(bulwark_routing, (bulwark::set_router_policy))
CAF_ADD_TYPE_ID(bulwark_routing, (bulwark::get_router_report))
CAF_ADD_TYPE_ID(bulwark_routing, (bulwark::worker_report))
CAF_ADD_TYPE_ID(bulwark_routing, (std::vector<bulwark::worker_report>))
CAF_ADD_TYPE_ID(bulwark_routing, (bulwark::router_report))
CAF_ADD_TYPE_ID(bulwark_routing, (bulwark::router_tick))
CAF_ADD_TYPE_ID(bulwark_routing, (bulwark::prefer_worker))
CAF_END_TYPE_ID_BLOCK(bulwark_routing)
