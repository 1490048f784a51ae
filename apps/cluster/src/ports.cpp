// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/ports.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>
#include <vector>

#include "bulwark/cluster/failure.hpp"
#include "bulwark/cluster/unique_fd.hpp"

namespace bulwark::cluster {

namespace {

namespace fs = std::filesystem;

std::uint16_t port_of(std::string_view address) {
  std::uint16_t port = 0;
  const auto colon = address.rfind(':');
  if (colon != std::string_view::npos)
    std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  return port;
}

/// The inodes of the sockets that listen on the port, from one of the tables of /proc/net.
void listening_inodes(const char* table, std::uint16_t port, std::vector<std::string>& inodes) {
  std::ifstream in(table);
  std::string line;
  std::getline(in, line);  // the heading
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    std::string number, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
    fields >> number >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >> inode;
    constexpr auto listening = "0A";
    const auto colon = local.rfind(':');
    if (state != listening || colon == std::string::npos) continue;
    if (std::stoul(local.substr(colon + 1), nullptr, 16) == port) inodes.push_back(inode);
  }
}

std::string command_of(const fs::path& process) {
  std::ifstream in(process / "comm");
  std::string name;
  std::getline(in, name);
  return name;
}

bool owns_socket(const fs::path& process, const std::vector<std::string>& inodes) {
  std::error_code ignored;  // of another user, or gone meanwhile
  for (const auto& fd : fs::directory_iterator(process / "fd", ignored)) {
    const auto target = fs::read_symlink(fd.path(), ignored).string();
    for (const auto& inode : inodes)
      if (target == "socket:[" + inode + "]") return true;
  }
  return false;
}

std::vector<std::uint16_t> taken_ports(const cluster_config& config) {
  std::vector<std::uint16_t> taken;
  for (const auto& node : config.nodes)
    for (const auto port : {port_of(node.listen), port_of(node.resp)})
      if (!port_is_free(port)) taken.push_back(port);
  return taken;
}

}  // namespace

bool port_is_free(std::uint16_t port) {
  const unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return true;  // cannot know: let the node try
  const int yes = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // Two sockets may bind a port with SO_REUSEADDR as long as none listens, so listening is part of the
  // question.
  return ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
         ::listen(fd.get(), 1) == 0;
}

std::string port_holder(std::uint16_t port) {
  std::vector<std::string> inodes;
  listening_inodes("/proc/net/tcp", port, inodes);
  listening_inodes("/proc/net/tcp6", port, inodes);
  if (inodes.empty()) return {};
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const auto name = entry.path().filename().string();
    const bool is_process =
        std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (is_process && owns_socket(entry.path(), inodes))
      return command_of(entry.path()) + " (pid " + name + ")";
  }
  return {};
}

void require_free_ports(const cluster_config& config) {
  using namespace std::chrono_literals;
  auto taken = taken_ports(config);
  for (int attempt = 0; attempt < 20 && !taken.empty(); ++attempt) {
    std::this_thread::sleep_for(100ms);
    taken = taken_ports(config);
  }
  if (taken.empty()) return;
  std::string text;
  for (const auto port : taken) {
    const auto holder = port_holder(port);
    text += (text.empty() ? "port " : ", port ") + std::to_string(port) + " is in use";
    if (!holder.empty()) text += " by " + holder;
  }
  throw failure(
      exit_code::unhealthy, text,
      "stop what holds it, or choose other ports: `bulwark up --base-port P` uses P+1.. and P+101..");
}

}  // namespace bulwark::cluster
