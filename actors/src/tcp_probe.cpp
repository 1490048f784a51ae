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

socket_handle open_socket(const addrinfo& address) {
  return socket_handle{
      ::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol)};
}

std::string text_of(int error) { return std::generic_category().message(error); }

std::string connect_to(const addrinfo& address, duration timeout) {
  const auto socket = open_socket(address);
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

std::string listen_at(const addrinfo& address) {
  const auto socket = open_socket(address);
  const int on = 1;
  const bool listens =
      socket.get() >= 0 && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      ::bind(socket.get(), address.ai_addr, address.ai_addrlen) == 0 && ::listen(socket.get(), 1) == 0;
  return listens ? std::string{} : text_of(errno);
}

/// Tries one address of the host after the other; gives the problem with the last one if none works.
template <class Attempt>
std::string first_success(const peer_address& where, int flags, Attempt attempt) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &found);
  if (failure != 0) return ::gai_strerror(failure);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses{found, &::freeaddrinfo};
  std::string problem = "no address";
  for (const auto* one = addresses.get(); one != nullptr && !problem.empty(); one = one->ai_next)
    problem = attempt(*one);
  return problem;
}

}  // namespace

std::string probe_tcp(const peer_address& where, duration timeout) {
  return first_success(where, 0, [timeout](const addrinfo& address) { return connect_to(address, timeout); });
}

std::string probe_listen(const peer_address& where) { return first_success(where, AI_PASSIVE, listen_at); }

}  // namespace bulwark
