// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "power_cut/failing_disk.hpp"
#include "recorded_history.hpp"
#include "support.hpp"

#include <cstdint>
#include <map>

namespace bulwark::cluster_test {

/// Three nodes without a launcher, each on a disk of its own that loses power and fails when a test wants it
/// to.
class failing_nodes {
 public:
  static constexpr unsigned count = 3;

  bare_nodes& all() { return nodes_; }
  power_cut::failing_disk& disk(unsigned number) { return disks_.at(number); }

  /// Kills all nodes, each some milliseconds behind the one before, and cuts the power of all disks.
  power_cut::cut_report cut_power(power_cut::unsynced fate, std::uint64_t seed);
  /// Whether `bulwark log inspect` finds the log of a node, which does not run, as it was written.
  [[nodiscard]] load::run_result inspect(unsigned number) const;
  /// Starts all and waits until they listen.
  [[nodiscard]] bool start_all();

 private:
  std::map<unsigned, power_cut::failing_disk> disks_;
  bare_nodes nodes_{count, bare_nodes::cables::direct, {}, [this](unsigned number, const auto& data) {
                      const auto [disk, made] = disks_.try_emplace(number, data);
                      return disk->second.launch_prefix();
                    }};
};

}  // namespace bulwark::cluster_test
