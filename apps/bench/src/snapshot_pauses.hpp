// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/actors/core/time.hpp"
#include "bulwark/load/latency_histogram.hpp"
#include "bulwark/load/local_cluster.hpp"

#include <cstddef>
#include <cstdint>

namespace bulwark::bench {

struct snapshot_load {
  std::size_t state_bytes = 1u << 30;  ///< of values
  std::size_t value_bytes = 1024;
  std::size_t clients = 16;
  std::size_t snapshots = 2;  ///< that many are to be seen
  duration patience = std::chrono::minutes(10);
};

/// What clients saw of snapshots.
struct snapshot_pauses {
  std::size_t snapshots = 0;  ///< begun at the leader meanwhile
  std::uint64_t bytes = 0;    ///< of the newest there, in the end
  double seconds = 0, seconds_apart = 0;
  std::uint64_t errors = 0;
  load::latency_histogram without;  ///< puts while no node was taking one
  load::latency_histogram during;   ///< puts while any was
};

/// Fills a cluster with a large state, then puts at its leader until snapshots were taken; a node takes one
/// after as many bytes of commands as the last one took. Whether one is being taken is seen in the nodes'
/// directories. Throws std::runtime_error.
snapshot_pauses measure_snapshots(const load::local_cluster& cluster, const snapshot_load& load);

}  // namespace bulwark::bench
