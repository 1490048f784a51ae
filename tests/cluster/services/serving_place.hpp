// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "bulwark/consensus/cluster_node.hpp"

/// Where the nodes of one test are found, and what they serve: for the nodes and for who asks them.
namespace bulwark::cluster_test {

/// One serves, the others are its spares. Answers after a while with the number of its node.
inline const std::string desk = "desk";
/// A distributed child; known to services as "child/ledger".
inline const std::string ledger = "ledger";

inline std::filesystem::path handled_file(const std::filesystem::path& root) { return root / "handled"; }

/// Where clients of the key-value service reach a node.
inline std::uint16_t clients_port(std::uint32_t node, std::uint16_t base_port) {
  return static_cast<std::uint16_t>(base_port + 100 + node);
}

/// `serving`: how many nodes serve and vote; the next higher number is that of the one who only asks.
inline consensus::cluster_node_options options_of_node(std::uint32_t self, std::uint32_t serving,
                                                       const std::filesystem::path& root,
                                                       std::uint16_t base_port) {
  consensus::cluster_node_options options;
  options.cluster = "serving";
  options.self = self;
  options.directory = root / std::to_string(self);
  options.services.lookup.patience = std::chrono::seconds{60};
  for (std::uint32_t node = 1; node <= serving + 1; ++node) {
    const peer_address where{"127.0.0.1", static_cast<std::uint16_t>(base_port + node)};
    if (node <= serving) options.voters.push_back(node);
    if (node == self)
      options.listen = where;
    else
      options.peers[node] = where;
  }
  return options;
}

}  // namespace bulwark::cluster_test
