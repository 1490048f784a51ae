// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "control_page.hpp"
#include "cut_power.hpp"
#include "disk_control.hpp"

namespace bulwark::power_cut {

/// A directory that loses power, fills up and fails when a test wants it to, under real processes that are
/// started with `launch_prefix()`. Its side directory lies next to it, on the same file system.
class failing_disk {
 public:
  /// Throws std::system_error.
  explicit failing_disk(std::filesystem::path directory);

  /// What goes before the command line of a process that works on it.
  [[nodiscard]] std::vector<std::string> launch_prefix() const;
  /// Once its processes have ended; see cut_power().
  cut_report cut(unsynced fate, std::uint64_t seed);
  disk_control& control() { return *control_; }

 private:
  std::filesystem::path directory_;
  std::filesystem::path side_;
  control_page<disk_control> control_;
};

}  // namespace bulwark::power_cut
