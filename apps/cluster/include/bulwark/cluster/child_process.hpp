// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/cluster/unique_fd.hpp"

namespace bulwark::cluster {

/// What to run as a child.
struct child_command {
  std::filesystem::path program;       ///< executed as it is, without a search
  std::vector<std::string> arguments;  ///< from argv[0] on
  std::filesystem::path error_log;     ///< standard error is appended to this file
};

/// How a child ended.
struct child_end {
  bool clean = false;  ///< exit code 0
  std::string reason;  ///< "exit code 70", "killed by signal 9 (Killed)"
};

/// A running child process in a process group of its own, which the kernel kills when the thread that started
/// it ends (so start children from a thread that lives as long as the process, i.e. the main thread).
///
/// It is addressed through a pidfd, so that a signal never meets a stranger that got the pid later. Standard
/// input is /dev/null, standard output is a pipe to read from. Destroying the object kills and reaps the
/// child. Threads: none but its owner's. Errors: functions throw std::system_error.
class child_process {
 public:
  explicit child_process(const child_command& command);
  child_process(child_process&&) noexcept = default;
  child_process& operator=(child_process&&) = delete;
  ~child_process();

  pid_t pid() const noexcept { return pid_; }
  /// Gets readable when the child has ended. Event loops make it non-blocking, and their word that it is
  /// readable is a hint only: ask reap_if_ended().
  int pidfd() const noexcept { return pidfd_.get(); }
  /// The reading end of its standard output; non-blocking. May be taken over.
  unique_fd& output() noexcept { return output_; }

  /// Sends a signal; returns false if the child has ended already.
  bool send(int signal) const;

  /// Do all its threads stand still, by SIGSTOP or the like, by whomever? That takes a while after the
  /// signal: one thread takes it and then stops the others, and on a busy machine these go on meanwhile.
  bool is_stopped() const;

  /// Reaps the child if it has ended, and tells how; nothing but the destructor may follow then.
  std::optional<child_end> reap_if_ended();

 private:
  pid_t pid_ = 0;
  unique_fd pidfd_;
  unique_fd output_;
};

/// The file that this process runs: by its name if that still leads to it, so that a child has the name of
/// the program; else (it was replaced or removed) by the link that the kernel keeps.
std::filesystem::path own_program();

/// Explains an end as waitid() reports it: its si_code and si_status.
child_end describe_end(int code, int status);

}  // namespace bulwark::cluster
