// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/actors/core/time.hpp"
#include "bulwark/load/endpoint.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace bulwark::bench {

/// Has the leader stop (`strike` kills or pauses it) and measures how long it takes until any survivor
/// acknowledges a write that was sent afterwards.
///
/// Sends a new write to each survivor every 10 ms, each on a connection of its own, so that one that got
/// stuck hides nothing. Gives up after `patience`.
std::optional<duration> time_failover(const std::vector<load::endpoint>& survivors,
                                      const std::function<void()>& strike, duration patience);

}  // namespace bulwark::bench
