// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "bulwark/cluster/unique_fd.hpp"

namespace bulwark::cluster {

/// The background process' line to the one that started it. What is told after dismiss() goes nowhere.
class starter_pipe {
 public:
  explicit starter_pipe(unique_fd writing_end) : fd_(std::move(writing_end)) {}

  int fd() const noexcept { return fd_.get(); }
  /// Text for the starter to show.
  void tell(const std::string& text);
  /// All is well; the starter may go.
  void dismiss();
  bool dismissed() const noexcept { return dismissed_; }

 private:
  unique_fd fd_;
  bool dismissed_ = false;
};

/// A process in the background, as its starter sees it.
struct background_process {
  pid_t pid = 0;
  unique_fd from_it;
};

/// Forks a process into the background: a session of its own, no terminal, standard error appended to `log`.
/// It runs `body` and exits, 0 or 1; what body throws is written to the log. Returns in the starter only.
/// Errors: throws std::system_error. @pre the process has one thread
background_process detach(const std::filesystem::path& log, const std::function<void(starter_pipe&)>& body);

struct start_outcome {
  bool started = false;
  std::string error;
};

/// Shows what the process tells until it dismisses its starter, ends, or the time is over; in the last case
/// it is asked to end, and waited for a while.
start_outcome await_start(const background_process& process, std::chrono::seconds limit,
                          const std::function<void(const std::string&)>& show);

/// The time of day in UTC, "2024-05-01T12:00:00.123Z".
std::string timestamp();

}  // namespace bulwark::cluster
