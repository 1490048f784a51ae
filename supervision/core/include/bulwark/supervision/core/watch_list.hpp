// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include "bulwark/supervision/core/membership.hpp"

namespace bulwark {

/// Decides whom a node watches: to whom it sends heartbeats, and whom it judges by the answers.
///
/// In a group of more than k + 1 live members a node watches those whose observer it is in the view that it
/// knows, so that n nodes send k * n heartbeats in each interval, not n * (n - 1). It watches all its peers
/// while it is no live member by that view, or knows none: then nobody is judged by its word, and it does not
/// know whom it will watch. It does so, too, if it has k peers or fewer, and while it leads the group: a
/// leader has to know which members it misses (see leader_vantage). That is one node, so the sum stays
/// linear.
///
/// Whoever watches asks, and the one who is watched answers. So a node is watched as soon as its observer has
/// the view that says so, whatever it knows itself. If it had to send of its own accord it would be silent
/// without fault to an observer of which it has not heard yet, as long as their views differ.
///
/// Source: Rapid (2018), section 4.1, for the rings; observers that probe, as in SWIM (2002), section 3.1
///
/// `peers` are those to whom there is a link, `nodes` may be null. Gives some of `peers`, ascending.
/// O(k n log n).
[[nodiscard]] std::vector<std::uint32_t> watched_by(const node_life& self, std::vector<std::uint32_t> peers,
                                                    const membership* nodes, bool leads);

}  // namespace bulwark
