// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <string>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/supervision/messages.hpp"

namespace bulwark {

/// The tree below a supervisor, in that time at most: one request, which goes on to all sub-supervisors at
/// once. Who does not answer shows up in state "silent", the supervisor itself included; one that has ended
/// is "down". Blocks its thread, so an actor sends `get_tree` instead. Thread-safe.
[[nodiscard]] tree_node tree_of(caf::actor_system& system, const caf::actor& supervisor,
                                duration within = std::chrono::milliseconds{500});

/// One JSON object on one line: id, kind, state, restarts, uptime_s; strategy, last_reason and mailbox if
/// they are known; of a supervisor children.
[[nodiscard]] std::string to_json(const tree_node& tree);

/// For people: one line for each node, in the order of their start.
[[nodiscard]] std::string to_text(const tree_node& tree);

}  // namespace bulwark
