// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "bulwark/cluster/cluster_config.hpp"
#include "bulwark/cluster/directory.hpp"
#include "bulwark/consensus/saved_state.hpp"

namespace bulwark::cluster {

/// Reads a saved state, and looks whether it is one of the key-value service. Errors: throws failure
/// (unhealthy) that says what is wrong.
consensus::saved_state read_saved(const std::string& file);

/// Gives every node of a cluster that never ran the same state to begin with, durably. Errors: throws failure
/// (unhealthy).
void begin_with(const consensus::saved_state& what, const cluster_directory& directory,
                const cluster_config& config);

}  // namespace bulwark::cluster
