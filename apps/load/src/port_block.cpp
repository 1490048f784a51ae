// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/load/port_block.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace bulwark::load {

namespace {

constexpr std::uint16_t first_base = 20000;
constexpr std::uint16_t block_size = 200;
constexpr std::uint16_t block_count = 63;  // up to 32599; the kernel's own range begins at 32768
constexpr std::uint16_t nodes_max = 16;    // ports in use: P+i for peers, P+100+i for clients

bool can_listen(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket interface is made so.
  const bool free = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return free;
}

/// Takes the name of a block in the abstract socket namespace: one socket at most has it, and nothing stays
/// behind.
int claim(std::uint16_t base) {
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const auto name = "bulwark-ports-" + std::to_string(base);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(name.begin(), name.end(), address.sun_path + 1);  // a zero byte first makes a name abstract
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket interface is made so.
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) return fd;
  ::close(fd);
  return -1;
}

}  // namespace

port_block::port_block() {
  // Different processes begin their search at different blocks.
  const auto start = static_cast<unsigned>(::getpid());
  for (unsigned i = 0; i < block_count; ++i) {
    if (try_take(static_cast<std::uint16_t>(first_base + (start + i) % block_count * block_size))) return;
  }
  throw std::runtime_error("no block of free ports between 20000 and 32600");
}

port_block::~port_block() {
  if (lock_ >= 0) ::close(lock_);
}

bool port_block::try_take(std::uint16_t base) {
  const int fd = claim(base);
  if (fd < 0) return false;
  bool free = true;
  for (std::uint16_t i = 1; free && i <= nodes_max; ++i) {
    free = can_listen(static_cast<std::uint16_t>(base + i)) &&
           can_listen(static_cast<std::uint16_t>(base + 100 + i));
  }
  if (!free) {
    ::close(fd);
    return false;
  }
  base_ = base;
  lock_ = fd;
  return true;
}

}  // namespace bulwark::load
