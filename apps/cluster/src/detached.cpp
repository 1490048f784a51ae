// SPDX-License-Identifier: BSD-3-Clause
#include "detached.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <exception>
#include <system_error>
#include <utility>

#include "bulwark/cluster/log_file.hpp"
#include "errno_error.hpp"

namespace bulwark::cluster {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

constexpr char farewell = '\x04';  // end of transmission: ends the text for the starter

void leave_terminal(const std::filesystem::path& log) {
  ::setsid();
  const unique_fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const unique_fd errors(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!null || !errors) throw_errno("cannot detach from the terminal");
  ::dup2(null.get(), STDIN_FILENO);
  ::dup2(null.get(), STDOUT_FILENO);
  ::dup2(errors.get(), STDERR_FILENO);
  if (::chdir("/") != 0) throw_errno("cannot leave the current directory");
}

/// Gives the process time to end by itself, so that the directory is free when the command returns.
void end_process(pid_t pid) {
  ::kill(pid, SIGTERM);
  const auto deadline = clock::now() + 15s;
  while (clock::now() < deadline) {
    if (::waitpid(pid, nullptr, WNOHANG) != 0) return;
    ::poll(nullptr, 0, 20);
  }
  ::kill(pid, SIGKILL);  // its nodes go with it
  ::waitpid(pid, nullptr, 0);
}

}  // namespace

void starter_pipe::tell(const std::string& text) {
  // A starter that is gone is noticed by whoever watches the pipe.
  if (fd_ && !dismissed_) static_cast<void>(!::write(fd_.get(), text.data(), text.size()));
}

void starter_pipe::dismiss() {
  tell(std::string(1, farewell));
  dismissed_ = true;
}

background_process detach(const std::filesystem::path& log, const std::function<void(starter_pipe&)>& body) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("cannot make a pipe");
  unique_fd reading_end(ends[0]);
  unique_fd writing_end(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) throw_errno("cannot start the background process");
  if (pid > 0) return {pid, std::move(reading_end)};

  int code = 0;
  try {
    reading_end.reset();
    ::signal(SIGPIPE, SIG_IGN);
    leave_terminal(log);
    starter_pipe starter(std::move(writing_end));
    body(starter);
  } catch (const std::exception& e) {
    append_to_log(log, timestamp() + " the launcher failed: " + e.what() + "\n");
    code = 1;
  }
  // Not exit(): what the starter has buffered and registered is its own business.
  ::_exit(code);
}

start_outcome await_start(const background_process& process, std::chrono::seconds limit,
                          const std::function<void(const std::string&)>& show) {
  const auto deadline = clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    pollfd waiting{process.from_it.get(), POLLIN, 0};
    const int ready = left > 0ms ? ::poll(&waiting, 1, static_cast<int>(left.count())) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      end_process(process.pid);
      return {false, "it took longer than " + std::to_string(limit.count()) + " s"};
    }
    char text[4096];
    const auto got = ::read(process.from_it.get(), text, sizeof text);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      end_process(process.pid);
      return {false, "the launcher ended"};
    }
    const auto* end = text + got;
    const auto* stop = std::find(static_cast<const char*>(text), end, farewell);
    show(std::string(static_cast<const char*>(text), stop));
    if (stop != end) return {true, {}};
  }
}

std::string timestamp() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  ::gmtime_r(&now.tv_sec, &parts);
  char day[32], text[48];
  std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text, sizeof text, "%s.%03ldZ", day, now.tv_nsec / 1000000);
  return text;
}

}  // namespace bulwark::cluster
