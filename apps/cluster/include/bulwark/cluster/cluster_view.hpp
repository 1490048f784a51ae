// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bulwark/cluster/cluster_config.hpp"
#include "bulwark/cluster/directory.hpp"

namespace bulwark::cluster {

/// What a node says of one of its peers.
struct peer_view {
  std::string id;
  std::string state;  ///< up, suspect, down; of one that it does not watch: connected, unconnected
  std::optional<double> rtt_ms;
  std::optional<double> silent_ms;
  double anomaly = 0;      ///< how unusual it behaves, see anomaly_tracker
  std::string anomaly_of;  ///< by what; empty if by nothing
  // what it told of itself, empty if its observer does not say
  std::optional<std::string> status{};
  std::optional<double> lag_ms{};
  std::optional<double> cpu{};  ///< cores
  std::optional<double> memory_mib{};
  std::optional<std::uint64_t> queue{};
  std::optional<double> mailbox_age_ms{};

  /// Whether anything is wrong with it, as far as the node knows.
  [[nodiscard]] bool is_well() const { return state == "up" || state == "connected"; }
};

/// What is known of one node, from the launcher and from the node itself. What is not known is empty.
struct node_view {
  std::string id;
  std::string listen;
  std::string resp;
  std::string data;
  std::string state = "down";  ///< starting, up, paused, draining, down
  std::optional<std::int64_t> pid;
  std::optional<std::string> role;  ///< leader, follower, learner
  std::optional<std::string> leader;
  std::optional<std::string> ballot;
  std::optional<std::uint64_t> chosen;
  std::optional<std::uint64_t> applied;
  std::optional<bool> quorum;  ///< does it hear from a majority?
  std::uint64_t restarts = 0;
  std::optional<double> uptime_s;
  std::string reason;     ///< why it is down or was last restarted
  bool answered = false;  ///< did the node itself answer?
  std::vector<peer_view> peers;
  std::optional<std::uint64_t> configured;  ///< slot that says who votes, as far as it has applied the log
  std::vector<std::string> voters;
  std::vector<std::string> learners;
  std::optional<std::uint32_t> accept_votes;   ///< so many of the voters write
  std::optional<std::uint32_t> prepare_votes;  ///< so many of them elect a leader
};

/// What is known of a cluster at one moment.
struct cluster_view {
  std::string directory;
  std::string cluster;
  bool launched = false;  ///< did the launcher answer?
  std::optional<std::int64_t> launcher_pid;
  std::string launcher_error;  ///< why it did not
  std::vector<node_view> nodes;

  bool any_answer() const;
  /// The node that leads by its own word; empty if none does.
  std::string leader() const;
};

/// Asks the launcher and all nodes at once, each for at most `timeout`; who does not answer is listed all the
/// same. Errors: throws failure (unreachable) if the directory holds no cluster.
cluster_view observe(const cluster_directory& directory, std::chrono::milliseconds timeout);

/// The view that the answers of the launcher (to `ps`) and of the nodes (to `status`, in the order of the
/// configuration) make; an empty text means no answer, and what cannot be understood counts as none.
cluster_view merge(const cluster_directory& directory, const cluster_config& config,
                   std::string_view launcher_answer, const std::vector<std::string>& node_answers);

/// `ps`: a table, or a JSON list of objects with the keys id, pid, resp, listen, data, state, role, ballot,
/// chosen, applied, restarts, uptime_s, leader, reason; null where unknown. Keys are only ever added.
std::string ps_table(const cluster_view& view, bool colour);
std::string ps_json(const cluster_view& view);

}  // namespace bulwark::cluster
