// SPDX-License-Identifier: BSD-3-Clause
#include "failing_nodes.hpp"

#include <random>
#include <thread>

namespace bulwark::cluster_test {

power_cut::cut_report failing_nodes::cut_power(power_cut::unsynced fate, std::uint64_t seed) {
  std::mt19937_64 random{seed};
  for (unsigned number = 1; number <= count; ++number) {
    nodes_.kill(number);
    std::this_thread::sleep_for(
        std::chrono::milliseconds(random() % 8));  // whoever is left goes on meanwhile
  }
  power_cut::cut_report all;
  for (auto& [number, disk] : disks_) {
    const auto one = disk.cut(fate, random());
    all.writes += one.writes;
    all.names += one.names;
  }
  return all;
}

load::run_result failing_nodes::inspect(unsigned number) const {
  return load::run({program().string(), "log", "inspect", nodes_.data(number).string()}, 20s);
}

bool failing_nodes::start_all() {
  for (unsigned number = 1; number <= count; ++number) nodes_.start(number);
  for (unsigned number = 1; number <= count; ++number)
    if (!nodes_.await_listening(number, 20s)) return false;
  return true;
}

}  // namespace bulwark::cluster_test
