// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>

#include "bulwark/cluster/commands.hpp"

namespace bulwark::cluster {

/// Leads the cluster to the goal, one change after the other, and returns the group as it is then. What may
/// pass is waited for. Errors: throws failure if the goal is not reached within `patience`.
voting_view change_members(const common_options& common, const member_goal& goal,
                           std::chrono::seconds patience);

}  // namespace bulwark::cluster
