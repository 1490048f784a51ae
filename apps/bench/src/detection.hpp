// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/actors/core/time.hpp"
#include "bulwark/load/local_cluster.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bulwark::bench {

/// How long it took from a strike until each of the other nodes said so.
struct detections {
  std::vector<double> ms{};  ///< one per strike and other node, rounded up to what its log can tell apart
  std::size_t missed = 0;    ///< nodes that did not say so in time
};

/// Strikes one node (the next one in turn for each round) with a signal, and reads in the logs of the others
/// when their detectors noticed. Waits for all to be well before, and has a stopped process go on after.
/// `signal` is SIGKILL or SIGSTOP. Throws std::runtime_error if the cluster does not recover.
void time_detection(const load::local_cluster& cluster, int signal, unsigned round, detections& into);

struct quiet_load_options {
  std::size_t clients = 64;
  std::size_t value_bytes = 256;
  duration length = std::chrono::seconds(60);
};

/// What a cluster without any fault did while the machine had far too much to do.
struct quiet_load {
  double seconds = 0;
  unsigned busy_threads = 0;
  std::size_t clients = 0;
  std::uint64_t puts = 0;
  std::uint64_t errors = 0;
  std::uint64_t elections = 0;       ///< leaders that came, as seen by the node that saw most of them
  std::size_t suspicions = 0;        ///< how often a node took a peer that ran for anything but up
  std::vector<std::string> which{};  ///< the first of them, for people; at most 20
};

/// Has one thread per core spin, and clients put at all nodes as fast as they can. Throws std::runtime_error
/// if a node does not answer before or after.
quiet_load measure_quiet_load(const load::local_cluster& cluster, const quiet_load_options& options);

}  // namespace bulwark::bench
