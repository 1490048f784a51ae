// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

#include "bulwark/cluster/cluster_config.hpp"

namespace bulwark::cluster {

/// Can a server listen on 127.0.0.1:`port` now? Tries it, as a node would.
bool port_is_free(std::uint16_t port);

/// Who listens on the TCP port, e.g. `redis-server (pid 812)`; empty if that cannot be known (another user's
/// process).
std::string port_holder(std::uint16_t port);

/// Checks that all addresses of the cluster can be listened on. Since the ports of nodes that were just
/// killed may need a moment to get free, waits for them for up to two seconds. Errors: throws failure
/// (unhealthy) naming each taken port and, if it can be known, its holder.
void require_free_ports(const cluster_config& config);

}  // namespace bulwark::cluster
