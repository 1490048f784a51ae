// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/cluster/cluster_view.hpp"
#include "bulwark/cluster/failure.hpp"

namespace bulwark::cluster {

/// A judgement on a cluster.
struct verdict {
  exit_code code = exit_code::ok;
  std::string word;                   ///< healthy, unhealthy, no_quorum, unreachable
  std::optional<std::string> leader;  ///< whom the nodes that answered agree on
  std::uint32_t votes = 0;            ///< voters that are up and answered
  std::uint32_t voters = 0;           ///< nodes that have a vote; all, if none answered
  std::uint32_t quorum = 0;           ///< votes that are needed to decide
  std::vector<std::string> problems;  ///< one sentence each, the worst first
  std::vector<std::string> notes;     ///< what is unusual, but no fault; one sentence each
};

/// How many log slots a node may be behind the first before it is called a laggard.
constexpr std::uint64_t lag_slots_max = 1000;

/// From this score on a node is noted as unusual, if half of those who hear it say so.
constexpr double anomaly_noted = 6;

/// Healthy: every node is up, answers, hears its peers, follows the one leader, and is not far behind. No
/// quorum: fewer than must write (or, without a leader, elect one) are up, or none of them knows a leader.
/// Pure.
verdict judge(const cluster_view& view);

/// `status`: the verdict, the nodes and who hears whom.
std::string status_text(const cluster_view& view, const verdict& judged, bool colour);
std::string status_json(const cluster_view& view, const verdict& judged);

}  // namespace bulwark::cluster
