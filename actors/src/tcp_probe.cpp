// SPDX-License-Identifier: BSD-3-Clause
#include "tcp_probe.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace bulwark {

namespace {

class socket_handle {
 public:
  explicit socket_handle(int fd) : fd_{fd} {}
  socket_handle(const socket_handle&) = delete;
  socket_handle& operator=(const socket_handle&) = delete;
  ~socket_handle() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

std::string text_of(int error) { return std::generic_category().message(error); }

std::string probe(const addrinfo& address, duration timeout) {
  const socket_handle socket{
      ::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol)};
  if (socket.get() < 0) return text_of(errno);
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return text_of(errno);
  pollfd ready{socket.get(), POLLOUT, 0};
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  const int count = ::poll(&ready, 1, static_cast<int>(limit));
  if (count == 0) return "no answer within " + std::to_string(limit) + " ms";
  if (count < 0) return text_of(errno);
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return text_of(errno);
  return error == 0 ? std::string{} : text_of(error);
}

}  // namespace

std::string probe_tcp(const peer_address& where, duration timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &found);
  if (failure != 0) return ::gai_strerror(failure);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses{found, &::freeaddrinfo};
  std::string problem = "no address";
  for (const auto* one = addresses.get(); one != nullptr; one = one->ai_next) {
    problem = probe(*one, timeout);
    if (problem.empty()) break;
  }
  return problem;
}

}  // namespace bulwark
