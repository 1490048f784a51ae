// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/load/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>

namespace bulwark::load {

namespace {

using std::chrono::steady_clock;

[[noreturn]] void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// A descriptor that closes itself.
struct descriptor {
  explicit descriptor(int number) : fd(number) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd >= 0) ::close(fd);
  }
  int fd;
};

/// Starts a program; only calls that are safe between fork and exec, as the caller may have threads.
pid_t start(const std::vector<std::string>& arguments, int out, int err) {
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw_errno("fork");
  if (child > 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // the parent died before the line above
  // Out of reach of the terminal's Ctrl-C, but in the same session: the scheduler may weigh sessions as
  // wholes (autogroups), and would give the load half of the processor.
  ::setpgid(0, 0);
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(nothing.fd, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::execvp(argv.front(), argv.data());
  ::_exit(127);
}

std::string content_of(int fd) {
  std::string text;
  char chunk[4096];
  for (off_t at = 0;;) {
    const auto got = ::pread(fd, chunk, sizeof chunk, at);
    if (got <= 0) return text;
    text.append(chunk, static_cast<std::size_t>(got));
    at += got;
  }
}

}  // namespace

process::process(const std::vector<std::string>& arguments, const std::filesystem::path& output)
    : process(arguments, output, output) {}

process::process(const std::vector<std::string>& arguments, const std::filesystem::path& out,
                 const std::filesystem::path& err) {
  constexpr int how = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  const descriptor out_file(::open(out.c_str(), how, 0600));
  if (out_file.fd < 0) throw_errno("open " + out.string());
  const descriptor err_file(::open(err.c_str(), how, 0600));
  if (err_file.fd < 0) throw_errno("open " + err.string());
  pid_ = start(arguments, out_file.fd, err_file.fd);
  pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
}

process::process(process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::exchange(other.pidfd_, -1)),
      exit_code_(std::exchange(other.exit_code_, std::nullopt)) {}

process& process::operator=(process&& other) noexcept {
  if (this != &other) {
    reap();
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::exchange(other.pidfd_, -1);
    exit_code_ = std::exchange(other.exit_code_, std::nullopt);
  }
  return *this;
}

process::~process() { reap(); }

void process::reap() {
  if (pid_ > 0 && !exit_code_) {
    ::kill(pid_, SIGKILL);
    wait(steady_clock::now() + std::chrono::seconds(10));
  }
  if (pidfd_ >= 0) ::close(std::exchange(pidfd_, -1));
}

void process::signal(int number) const {
  if (pid_ > 0 && !exit_code_) ::kill(pid_, number);
}

std::optional<int> process::wait(instant deadline) {
  while (pid_ > 0 && !exit_code_) {
    int status = 0;
    const auto ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) {
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    } else if (ended < 0 && errno != EINTR) {
      exit_code_ = -1;  // somebody else waited for it
    } else {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
      if (left <= 0) return std::nullopt;
      pollfd watched{.fd = pidfd_, .events = POLLIN, .revents = 0};
      // Without a pidfd (an old kernel) this is a short pause.
      ::poll(&watched, 1, static_cast<int>(pidfd_ >= 0 ? std::min<std::int64_t>(left, 10'000) : 5));
    }
  }
  return exit_code_;
}

run_result run(const std::vector<std::string>& arguments, duration patience) {
  // Files rather than pipes: a program that leaves a daemon behind, which holds its output open, still ends.
  const descriptor out(::memfd_create("out", MFD_CLOEXEC));
  const descriptor err(::memfd_create("err", MFD_CLOEXEC));
  if (out.fd < 0 || err.fd < 0) throw_errno("memfd_create");
  const auto path_of = [](int fd) { return "/proc/self/fd/" + std::to_string(fd); };
  run_result result;
  {
    process child(arguments, path_of(out.fd), path_of(err.fd));
    result.exit_code = child.wait(steady_clock::now() + patience).value_or(124);
  }
  result.out = content_of(out.fd);
  result.err = content_of(err.fd);
  return result;
}

std::string file_content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

temporary_directory::temporary_directory(const std::string& name) {
  std::string pattern = (std::filesystem::temp_directory_path() / (name + "-XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr) throw_errno("mkdtemp " + pattern);
  path_ = pattern;
}

temporary_directory::temporary_directory(temporary_directory&& other) noexcept
    : path_(std::exchange(other.path_, {})), kept_(other.kept_) {}

temporary_directory::~temporary_directory() {
  if (path_.empty() || kept_) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace bulwark::load
