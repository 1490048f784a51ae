// SPDX-License-Identifier: BSD-3-Clause
#include "tcp_dial.hpp"

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

tcp_socket open_socket(const addrinfo& address) {
  return tcp_socket{
      ::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol)};
}

std::string text_of(int error) { return std::generic_category().message(error); }

std::string connect_to(const addrinfo& address, duration timeout, tcp_socket& result) {
  auto socket = open_socket(address);
  if (!socket) return text_of(errno);
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return text_of(errno);
    pollfd ready{socket.get(), POLLOUT, 0};
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
    const int count = ::poll(&ready, 1, static_cast<int>(limit));
    if (count == 0) return "no answer within " + std::to_string(limit) + " ms";
    if (count < 0) return text_of(errno);
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return text_of(errno);
    if (error != 0) return text_of(error);
  }
  result = std::move(socket);
  return {};
}

std::string listen_at(const addrinfo& address, tcp_socket& result) {
  auto socket = open_socket(address);
  const int on = 1;
  const bool listens = socket && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                       ::bind(socket.get(), address.ai_addr, address.ai_addrlen) == 0 &&
                       ::listen(socket.get(), SOMAXCONN) == 0;
  if (!listens) return text_of(errno);
  result = std::move(socket);
  return {};
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

tcp_socket::~tcp_socket() {
  if (fd_ >= 0) ::close(fd_);
}

tcp_socket tcp_socket::duplicate() const { return tcp_socket{::fcntl(fd_, F_DUPFD_CLOEXEC, 0)}; }

void tcp_socket::shut_down() {
  if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
}

dialled dial_tcp(const peer_address& where, duration timeout) {
  dialled result;
  result.problem = first_success(
      where, 0, [&](const addrinfo& address) { return connect_to(address, timeout, result.socket); });
  return result;
}

dialled listen_tcp(const peer_address& where) {
  dialled result;
  result.problem = first_success(where, AI_PASSIVE,
                                 [&](const addrinfo& address) { return listen_at(address, result.socket); });
  return result;
}

std::string probe_listen(const peer_address& where) { return listen_tcp(where).problem; }

std::uint16_t local_port(const tcp_socket& listener) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  char port[NI_MAXSERV];
  if (::getsockname(listener.get(), any, &size) != 0 ||
      ::getnameinfo(any, size, nullptr, 0, port, sizeof port, NI_NUMERICSERV) != 0)
    return 0;
  return static_cast<std::uint16_t>(std::stoul(port));
}

std::string peer_host(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  char host[NI_MAXHOST];
  if (::getpeername(socket, any, &size) != 0 ||
      ::getnameinfo(any, size, host, sizeof host, nullptr, 0, NI_NUMERICHOST) != 0)
    return "?";
  return host;
}

}  // namespace bulwark
