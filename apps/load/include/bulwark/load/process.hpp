// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/actors/core/time.hpp"

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bulwark::load {

/// A child process that ends with its owner: the destructor kills it, and so does the death of the thread
/// that started it, whatever that dies of. So start it from a thread that lives as long as it should, such as
/// the main thread.
///
/// Moves, does not copy; not thread-safe.
class process {
 public:
  /// Starts `arguments[0]` in a session of its own, with nothing to read and its output appended to a file.
  /// Throws std::system_error if it cannot be started.
  process(const std::vector<std::string>& arguments, const std::filesystem::path& output);
  /// The same with standard output and standard error in files of their own.
  process(const std::vector<std::string>& arguments, const std::filesystem::path& out,
          const std::filesystem::path& err);
  process(process&& other) noexcept;
  process& operator=(process&& other) noexcept;
  ~process();

  pid_t pid() const { return pid_; }

  /// Sends a signal, unless the process has been waited for.
  void signal(int number) const;

  /// The exit code once the process ended (128 + signal if a signal ended it); nothing if it has not by the
  /// deadline.
  std::optional<int> wait(instant deadline);

 private:
  void reap();

  pid_t pid_ = -1;
  int pidfd_ = -1;  ///< readable once the process ended
  std::optional<int> exit_code_;
};

/// What a program that ran to its end left behind.
struct run_result {
  int exit_code = -1;  ///< 124 if it had to be killed at the deadline
  std::string out;     ///< standard output
  std::string err;     ///< standard error
};

/// Runs a program to its end, or kills it after `patience`. Throws std::system_error if it cannot be started.
run_result run(const std::vector<std::string>& arguments, duration patience);

/// The whole content of a file, or an empty text if it cannot be read.
std::string file_content(const std::filesystem::path& path);

/// A fresh directory under TMPDIR (or /tmp), removed with all its content in the end unless kept.
class temporary_directory {
 public:
  explicit temporary_directory(const std::string& name);
  temporary_directory(temporary_directory&& other) noexcept;
  temporary_directory& operator=(temporary_directory&&) = delete;
  ~temporary_directory();

  const std::filesystem::path& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  std::filesystem::path path_;
  bool kept_ = false;
};

}  // namespace bulwark::load
