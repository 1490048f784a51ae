// SPDX-License-Identifier: BSD-3-Clause
#include "redis_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "loopback_client.hpp"

namespace bulwark::kv {

namespace {

constexpr int exit_not_installed = 127;

[[noreturn]] void become_redis(const std::string& port) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(null, STDERR_FILENO);
  ::execlp("redis-server", "redis-server", "--port", port.c_str(), "--bind", "127.0.0.1", "--save", "",
           "--appendonly", "no", "--dir", "/tmp", nullptr);
  ::_exit(exit_not_installed);
}

bool answers(std::uint16_t port) {
  try {
    return loopback_client{port}.ask("ping") == "+PONG\r\n";
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

std::unique_ptr<redis_process> redis_process::start() {
  // Redis cannot choose a free port by itself. Ports below the ephemeral range, spread by process id; a taken
  // one makes it exit.
  for (int attempt = 0; attempt < 20; ++attempt) {
    const auto port = static_cast<std::uint16_t>(20000 + (::getpid() * 7 + attempt * 131) % 12000);
    const auto text = std::to_string(port);
    const auto child = ::fork();
    if (child < 0) throw std::system_error{errno, std::generic_category(), "fork"};
    if (child == 0) become_redis(text);
    std::unique_ptr<redis_process> started{new redis_process{child, port}};
    for (int wait = 0; wait < 500; ++wait) {
      int status = 0;
      if (::waitpid(child, &status, WNOHANG) == child) {
        started->process_ = -1;
        if (WIFEXITED(status) && WEXITSTATUS(status) == exit_not_installed) return nullptr;
        break;
      }
      if (answers(port)) return started;
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
  }
  throw std::runtime_error{"redis-server does not start"};
}

redis_process::~redis_process() {
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

}  // namespace bulwark::kv
