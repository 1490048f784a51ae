// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/child_process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
// The header of glibc 2.36 does not say itself that its functions are C's.
extern "C" {
#include <sys/pidfd.h>
}

#include <linux/close_range.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "errno_error.hpp"

namespace bulwark::cluster {

namespace {

constexpr int cannot_execute = 127;  // as shells have it

bool is_thread_stopped(const std::filesystem::path& thread) {
  std::ifstream in(thread / "stat");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  // "id (name) S ...": the name may hold anything, so search its end from behind.
  const auto name_end = text.rfind(')');
  return name_end != std::string::npos && name_end + 2 < text.size() && text[name_end + 2] == 'T';
}

/// The rest of the child's life before exec. Only async-signal-safe calls: the parent may have threads.
[[noreturn]] void become(const char* program, char* const* arguments, int output, int errors, pid_t parent) {
  const auto give_up = [](const char* text) {
    static_cast<void>(!::write(STDERR_FILENO, text, std::strlen(text)));
    ::_exit(cannot_execute);
  };
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(cannot_execute);  // it died before prctl: no signal will come
  const int null = ::open("/dev/null", O_RDONLY);
  if (null < 0 || ::dup2(null, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0 ||
      ::dup2(errors, STDERR_FILENO) < 0)
    give_up("bulwark: cannot set up the standard streams of a node\n");
  // Not every descriptor of the parent closes itself on exec (the sockets of Asio do not).
  ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  // What the parent ignores would stay ignored over exec.
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execv(program, arguments);
  give_up("bulwark: cannot execute the program of a node\n");
  ::_exit(cannot_execute);
}

/// By the pid, which is the child's until it was reaped: by a pidfd that an event loop has made non-blocking,
/// waitid() does not wait. Nothing if there is no such child.
std::optional<siginfo_t> wait_for(pid_t pid, int how) {
  siginfo_t info{};
  int result = 0;
  do {
    result = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | how);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return std::nullopt;
  return info;
}

}  // namespace

child_process::child_process(const child_command& command) {
  std::vector<char*> arguments;
  for (const auto& argument : command.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);

  const unique_fd errors(::open(command.error_log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!errors) throw_errno("cannot open " + command.error_log.string());
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("cannot make a pipe");
  output_.reset(ends[0]);
  const unique_fd writing_end(ends[1]);
  if (::fcntl(output_.get(), F_SETFL, O_NONBLOCK) != 0) throw_errno("cannot set up a pipe");

  const pid_t parent = ::getpid();
  // Not fork(): while a child between that and exec shares the descriptors of this process, to close a socket
  // does not take it from the kernel's watch list, and Asio takes its last events for those of another one.
  pid_ = ::vfork();
  if (pid_ < 0) throw_errno("cannot start a process");
  if (pid_ == 0) become(command.program.c_str(), arguments.data(), writing_end.get(), errors.get(), parent);
  ::setpgid(pid_, pid_);  // here as well, since either may come first
  pidfd_.reset(::pidfd_open(pid_, 0));
  if (!pidfd_) {
    const int error = errno;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    throw std::system_error(error, std::generic_category(), "cannot open a pidfd");
  }
}

child_process::~child_process() {
  if (!pidfd_) return;
  ::pidfd_send_signal(pidfd_.get(), SIGKILL, nullptr, 0);
  wait_for(pid_, 0);
}

bool child_process::send(int signal) const {
  if (!pidfd_) return false;
  if (::pidfd_send_signal(pidfd_.get(), signal, nullptr, 0) == 0) return true;
  if (errno == ESRCH) return false;
  throw_errno("cannot send a signal to pid " + std::to_string(pid_));
}

bool child_process::is_stopped() const {
  std::error_code gone;
  std::size_t threads = 0;
  for (const auto& thread :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/task", gone)) {
    if (!is_thread_stopped(thread.path())) return false;
    ++threads;
  }
  return threads > 0;
}

std::optional<child_end> child_process::reap_if_ended() {
  const auto info = wait_for(pid_, WNOHANG);
  if (info && info->si_pid == 0) return std::nullopt;
  pidfd_.reset();
  if (!info) return child_end{false, "its end could not be learned"};
  return describe_end(info->si_code, info->si_status);
}

std::filesystem::path own_program() {
  const std::filesystem::path link = "/proc/self/exe";
  std::error_code error;
  auto name = std::filesystem::read_symlink(link, error);
  return !error && std::filesystem::equivalent(name, link, error) ? name : link;
}

child_end describe_end(int code, int status) {
  if (code == CLD_EXITED) return {status == 0, "exit code " + std::to_string(status)};
  std::string text = "killed by signal " + std::to_string(status);
  if (const char* name = ::strsignal(status)) text += " (" + std::string(name) + ")";
  if (code == CLD_DUMPED) text += ", core dumped";
  return {false, text};
}

}  // namespace bulwark::cluster
