// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "bulwark/node/event_ring.hpp"

namespace bulwark::node {

/// What the control socket answers to `events`: those behind number `after` of the question, else the
/// `newest` so many; docs/architecture.md lists the fields.
[[nodiscard]] nlohmann::json events_json(const event_ring& events, std::uint64_t incarnation,
                                         const nlohmann::json& question);

}  // namespace bulwark::node
