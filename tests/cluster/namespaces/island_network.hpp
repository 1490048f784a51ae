// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/cluster/unique_fd.hpp"

namespace bulwark::cluster_test {

/// Islands: network namespaces, each with one cable to a switch that lies in a namespace of its own, so that
/// nothing of the machine's network is touched. The kernel carries the packets, and loses those that a test
/// wants lost; no connection is ever reset for it.
///
///     island 1: eth0 10.77.0.1 ---- port1 +
///     island 2: eth0 10.77.0.2 ---- port2 + switch, in a namespace without addresses
///     ...
///
/// The namespaces have no names. Descriptors of this process hold them, and whatever runs within: they are
/// gone when these are, however the process ends.
///
/// Threads: one, which may have no other namespace of its own
/// Errors:  std::runtime_error with what `ip` said, std::system_error
class island_network {
 public:
  /// Why this machine cannot have islands; empty if it can.
  [[nodiscard]] static std::string obstacle();

  explicit island_network(unsigned count);
  island_network(const island_network&) = delete;
  island_network& operator=(const island_network&) = delete;

  [[nodiscard]] unsigned count() const noexcept { return static_cast<unsigned>(islands_.size()); }
  [[nodiscard]] static std::string address(unsigned island) { return "10.77.0." + std::to_string(island); }

  /// The calling thread, and whatever process it starts, is on the island as long as this lives.
  class visit {
   public:
    visit(const island_network& network, unsigned island) : visit{network.at(island)} {}
    explicit visit(const cluster::unique_fd& place);
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;
    ~visit();

   private:
    cluster::unique_fd home_;
  };

  /// What `from` sends to `to` is lost without a word.
  void cut(unsigned from, unsigned to);
  void mend(unsigned from, unsigned to);
  void cut_both(unsigned one, unsigned other);
  /// Nobody in the group reaches anybody outside, nor the other way round.
  void separate(const std::vector<unsigned>& group);

  /// Pulls the cable out of the switch: the island notices that its cable leads nowhere.
  void unplug(unsigned island);
  void plug(unsigned island);

  /// As a machine that lost its power and comes back: its kernel knows of no connection. Its processes have
  /// to be gone. What was cut and unplugged is as new.
  void rebuild(unsigned island);

  /// All cables are as new.
  void heal();

 private:
  [[nodiscard]] const cluster::unique_fd& at(unsigned island) const { return islands_.at(island - 1); }
  void furnish(unsigned island);

  cluster::unique_fd switch_;
  std::vector<cluster::unique_fd> islands_;  ///< by number - 1
  std::set<std::pair<unsigned, unsigned>> cuts_;
  std::set<unsigned> unplugged_;
};

}  // namespace bulwark::cluster_test
