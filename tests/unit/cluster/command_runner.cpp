// SPDX-License-Identifier: BSD-3-Clause
#include "command_runner.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>

namespace bulwark::cluster::test {

namespace fs = std::filesystem;
using clock = std::chrono::steady_clock;

namespace {

pid_t start(const std::vector<std::string>& arguments, const fs::path& out, const fs::path& err) {
  std::vector<char*> words{const_cast<char*>(FAKE_BULWARK)};
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  const int flags = O_WRONLY | O_CREAT | O_APPEND;
  ::dup2(::open(out.c_str(), flags, 0600), STDOUT_FILENO);
  ::dup2(::open(err.c_str(), flags, 0600), STDERR_FILENO);
  ::execv(FAKE_BULWARK, words.data());
  ::_exit(127);
}

}  // namespace

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

command_result run_bulwark(const std::vector<std::string>& arguments, std::chrono::seconds limit) {
  auto name = (fs::temp_directory_path() / "bulwark-run-XXXXXX").string();
  const fs::path directory = ::mkdtemp(name.data());
  const auto out = directory / "out";
  const auto err = directory / "err";
  command_result result;
  result.code = await_end(start(arguments, out, err), limit);
  result.out = text_of(out);
  result.err = text_of(err);
  fs::remove_all(directory);
  return result;
}

pid_t start_bulwark(const std::vector<std::string>& arguments, const fs::path& output) {
  return start(arguments, output, output);
}

int await_end(pid_t pid, std::chrono::seconds limit) {
  int status = 0;
  if (!eventually([&] { return ::waitpid(pid, &status, WNOHANG) == pid; }, limit)) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, &status, 0);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool eventually(const std::function<bool()>& condition, std::chrono::seconds limit) {
  const auto deadline = clock::now() + limit;
  while (!condition()) {
    if (clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

port_taker::port_taker(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(fd_, 1) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot take the port");
}

port_taker::~port_taker() { ::close(fd_); }

bool process_exists(pid_t pid) {
  // A zombie waits for its reaper only.
  const auto stat = text_of("/proc/" + std::to_string(pid) + "/stat");
  const auto name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.compare(name_end + 2, 1, "Z") != 0;
}

}  // namespace bulwark::cluster::test
