// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

#include "bulwark/consensus/core/messages.hpp"

namespace bulwark::kv {

inline constexpr std::string_view shutting_down = "LOADING The node is shutting down; nothing was done";

/// What a client is told that gets no reply of the machine.
inline std::string_view explain(consensus::outcome result) {
  using consensus::outcome;
  switch (result) {
    case outcome::no_leader: return "CLUSTERDOWN No leader with a quorum; nothing was done";
    case outcome::not_done: return "TRYAGAIN The leader changed; nothing was done";
    case outcome::overloaded: return "BUSY Too many requests are waiting; nothing was done";
    case outcome::done: return "ERR The reply of the replica is malformed";
    case outcome::unknown: break;
  }
  return "TIMEOUT outcome unknown: the command may or may not be applied";
}

}  // namespace bulwark::kv
