// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "bulwark/cluster/cluster_view.hpp"

namespace bulwark::cluster {

/// A node as `ps` shows it.
nlohmann::ordered_json node_json(const node_view& node);

}  // namespace bulwark::cluster
