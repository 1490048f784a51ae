// SPDX-License-Identifier: BSD-3-Clause
#include "failing_disk.hpp"

namespace bulwark::power_cut {
namespace {

/// Of a disk that is there from now on.
std::filesystem::path control_file(const std::filesystem::path& side) {
  std::filesystem::create_directories(side / kept_name);
  return side / control_name;
}

}  // namespace

failing_disk::failing_disk(std::filesystem::path directory)
    : directory_{std::filesystem::absolute(directory)},
      side_{directory_.string() + ".side"},
      control_{control_file(side_)} {}

std::vector<std::string> failing_disk::launch_prefix() const {
  return {"/usr/bin/env", std::string{"LD_PRELOAD="} + POWER_CUT_SHIM,
          std::string{directory_variable} + "=" + directory_.string(),
          std::string{side_variable} + "=" + side_.string()};
}

cut_report failing_disk::cut(unsynced fate, std::uint64_t seed) {
  return cut_power(directory_, side_, fate, seed);
}

}  // namespace bulwark::power_cut
