// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace bulwark::node {

enum class node_phase : std::uint8_t { starting, up, draining };

/// What of a node outlives its actors and is read by several of them. Thread-safe.
struct node_facts {
  std::string id;  ///< "n1"
  std::string cluster;
  std::string listen;  ///< host:port, with the real port
  std::uint64_t incarnation = 0;
  std::chrono::steady_clock::time_point started{};
  std::atomic<node_phase> phase{node_phase::starting};
};

}  // namespace bulwark::node
