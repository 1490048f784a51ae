// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/actors/link.hpp"

namespace bulwark {

/// Opens a TCP connection and closes it again. Empty if that worked, else why not, for people. Blocks for
/// `timeout` at most, apart from the resolution of names.
///
/// CAF has a single thread that dials, and a connection that is never answered keeps it for minutes; so only
/// what can be reached is left to it.
[[nodiscard]] std::string probe_tcp(const peer_address& where, duration timeout);

/// Why nothing can listen there, for people; empty if something can.
[[nodiscard]] std::string probe_listen(const peer_address& where);

}  // namespace bulwark
