// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>

#include "bulwark/cluster/cluster_config.hpp"
#include "bulwark/cluster/directory.hpp"
#include "bulwark/consensus/core/snapshot.hpp"

namespace bulwark::cluster {

/// What is known of a saved state that is whole.
struct saved_facts {
  consensus::snapshot_id id;
  std::size_t keys = 0;
};

/// Reads all of a saved state, and looks whether it is one of the key-value service. Errors: throws failure
/// (unhealthy) that says what is wrong.
saved_facts verify_saved(const std::string& file);

/// Gives every node of a cluster that never ran the same state to begin with, durably. Errors: throws failure
/// (unhealthy).
void begin_with(const std::string& file, const cluster_directory& directory, const cluster_config& config);

}  // namespace bulwark::cluster
