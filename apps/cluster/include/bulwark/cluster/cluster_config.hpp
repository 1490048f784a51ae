// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bulwark/cluster/directory.hpp"

namespace bulwark::cluster {

/// One node of a local cluster, as cluster.json names it.
struct node_entry {
  std::uint32_t number = 0;  ///< 1 for "n1"
  std::string id;            ///< "n1"
  std::string listen;        ///< host:port for its peers
  std::string resp;          ///< host:port for clients

  friend bool operator==(const node_entry&, const node_entry&) = default;
};

/// What a local cluster consists of; kept in cluster.json.
///
/// The name of the cluster and the number of nodes are its identity: data on disk belongs to them, so they
/// stay. Addresses may change between two runs, since every node is told those of its peers at its start.
struct cluster_config {
  static constexpr int format = 1;                ///< version of cluster.json that this code writes
  static constexpr std::uint32_t nodes_max = 99;  ///< base + 100 + N must not meet base + N
  static constexpr std::uint16_t default_port = 7000;

  std::string cluster;  ///< cluster id, the same in every hello and data directory
  std::uint16_t base_port = default_port;
  std::vector<node_entry> nodes;
  std::uint32_t voters = 0;         ///< the first so many vote until the members are changed; 0: all
  std::uint32_t accept_quorum = 0;  ///< so many voters make a write; 0: a majority
  bool tls = false;                 ///< nodes talk by TLS

  const node_entry* find(std::string_view id) const;

  friend bool operator==(const cluster_config&, const cluster_config&) = default;
};

/// A cluster of `nodes` nodes on 127.0.0.1: node i listens on base_port + i and speaks RESP on base_port +
/// 100 + i. The first `voters` vote at first; 0: all. Errors: throws failure (usage) when a port would leave
/// the range, `nodes` is not in [1, nodes_max], or `voters` is more.
cluster_config plan_cluster(std::uint32_t nodes, std::uint16_t base_port, std::string cluster,
                            std::uint32_t voters = 0);

/// cluster.json as text, and back. Errors: parse throws failure (unhealthy) saying what is wrong in the text.
std::string to_json_text(const cluster_config& config);
cluster_config parse_cluster_config(std::string_view text);

/// Reads cluster.json; nullopt if there is none. Errors: throws failure (unhealthy) if it cannot be read or
/// understood.
std::optional<cluster_config> load_config(const cluster_directory& directory);

/// As load_config; throws failure (unreachable) if there is no cluster in the directory.
cluster_config require_config(const cluster_directory& directory);

/// Writes cluster.json so that a crash leaves the old one or the new one, never half of it.
/// Errors: throws std::system_error.
void save_config(const cluster_directory& directory, const cluster_config& config);

/// What `up` was asked to run; an unset field means "as it was, or the default".
struct cluster_wish {
  std::optional<std::uint32_t> nodes;
  std::optional<std::uint16_t> base_port;
  std::optional<std::uint32_t> voters = {};
  std::optional<std::uint32_t> accept_quorum = {};
  bool tls = false;  ///< by TLS from now on; a cluster that does so goes on doing so
};

/// The cluster to run: a new one if `stored` is empty (5 nodes unless wished otherwise), else the stored one,
/// with new addresses if the base port differs. `fresh_name` names a new cluster. Errors: throws failure
/// (usage) when the number of nodes or of voters differs from the stored one.
cluster_config settle(const std::optional<cluster_config>& stored, const cluster_wish& wish,
                      const std::string& fresh_name);

}  // namespace bulwark::cluster
