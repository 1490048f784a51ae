// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bulwark::cluster {

/// When a log that others append to is longer than `bytes_max`, moves its text to FILE.1 (replacing an older
/// one) and makes it empty. What is written at that very moment may be lost. Returns whether it did. Errors:
/// throws std::system_error; a missing file is none.
bool rotate_log(const std::filesystem::path& file, std::uint64_t bytes_max);

/// Appends text to a file, creating it if need be. Errors are ignored: a log must not stop what it describes.
void append_to_log(const std::filesystem::path& file, std::string_view text);

/// The last `lines` lines of a file, oldest first, as far as they lie in its last MiB; empty if it cannot be
/// read.
std::vector<std::string> last_lines(const std::filesystem::path& file, std::size_t lines);

/// Reads the whole lines that were added to a growing file; starts over when the file was rotated.
class log_follower {
 public:
  /// Starts at the file's present end; the file may appear later.
  explicit log_follower(std::filesystem::path file);

  /// The lines that were completed since the last call, at most about a MiB of them.
  std::vector<std::string> poll();

 private:
  std::filesystem::path file_;
  std::uint64_t offset_ = 0;
  std::string partial_;
};

}  // namespace bulwark::cluster
