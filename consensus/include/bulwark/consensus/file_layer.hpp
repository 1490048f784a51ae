// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bulwark::consensus {

/// One open file. Closing it (by destruction) makes nothing durable.
/// Errors: every member throws std::system_error with the errno of the system call.
/// Threads: one file is used by one thread at a time.
class file {
 public:
  virtual ~file() = default;

  /// Reads up to `out.size()` bytes at `offset`; fewer only at the end of the file.
  virtual std::size_t read_at(std::span<char> out, std::uint64_t offset) = 0;

  /// Writes at least one byte of `data`, perhaps not all (a short write). @pre !data.empty()
  virtual std::size_t write_some_at(std::string_view data, std::uint64_t offset) = 0;

  /// Returns once all that was written, and the size, are on the medium. After a failure nothing is known
  /// about the earlier writes, and a second call may succeed without them: do not call again.
  virtual void sync() = 0;

  [[nodiscard]] virtual std::uint64_t size() = 0;
};

enum class open_mode : std::uint8_t {
  read,    ///< must exist
  create,  ///< for reading and writing; emptied if it exists
};

/// The few file operations that the log store needs, so that tests can put a disk under it that fails or
/// loses power. Errors: std::system_error. Threads: all members may be called by several threads.
class file_layer {
 public:
  virtual ~file_layer() = default;

  virtual std::unique_ptr<file> open(const std::filesystem::path& path, open_mode mode) = 0;
  virtual void create_directories(const std::filesystem::path& path) = 0;
  virtual void rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  /// Removing what is not there is fine.
  virtual void remove(const std::filesystem::path& path) = 0;
  /// Makes creations, renames and removals in this directory durable.
  virtual void sync_directory(const std::filesystem::path& path) = 0;
  /// The names (not paths) in the directory, sorted.
  virtual std::vector<std::string> list(const std::filesystem::path& path) = 0;
};

/// The files of this machine.
file_layer& system_files();

/// Writes all of `data`, by as many calls as it takes.
void write_all_at(file& to, std::string_view data, std::uint64_t offset);

/// The whole file in memory: that of `into`, if it is large enough.
std::string read_all(file& from, std::string into = {});

}  // namespace bulwark::consensus
