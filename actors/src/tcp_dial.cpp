// SPDX-License-Identifier: BSD-3-Clause
#include "tcp_dial.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <system_error>

namespace bulwark {

namespace {

/// Linux 6.15 and later know it; their headers may not.
constexpr int tcp_rto_max_ms = 44;

/// What an accepted connection takes over from its listener. As TCP doubles the time between two attempts to
/// get through, it would notice seconds late that a cable carries again. Without the option it still does.
tcp_socket open_socket(const addrinfo& address) {
  tcp_socket made{
      ::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol)};
  const int limit = 1000;
  if (made) ::setsockopt(made.get(), IPPROTO_TCP, tcp_rto_max_ms, &limit, sizeof limit);
  return made;
}

std::string text_of(int error) { return std::generic_category().message(error); }

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

using addrinfo_ptr = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

/// Null if there is none; `problem` says why.
addrinfo_ptr resolve(const peer_address& where, int flags, std::string& problem) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &found);
  problem = failure == 0 ? "no address" : ::gai_strerror(failure);
  return {failure == 0 ? found : nullptr, &::freeaddrinfo};
}

int error_of(const tcp_socket& socket) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

tcp_socket::~tcp_socket() {
  if (fd_ >= 0) ::close(fd_);
}

tcp_socket tcp_socket::duplicate() const { return tcp_socket{::fcntl(fd_, F_DUPFD_CLOEXEC, 0)}; }

void tcp_socket::shut_down() {
  if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
}

struct dial_attempt::addresses {
  addrinfo_ptr all;
  const addrinfo* next;
};

dial_attempt::dial_attempt(const peer_address& where, duration timeout, instant now) : timeout_{timeout} {
  auto found = resolve(where, 0, problem_);
  const auto* first = found.get();
  addresses_ = std::make_unique<addresses>(addresses{std::move(found), first});
  try_next(now);
}

dial_attempt::dial_attempt(dial_attempt&&) noexcept = default;
dial_attempt& dial_attempt::operator=(dial_attempt&&) noexcept = default;
dial_attempt::~dial_attempt() = default;

void dial_attempt::try_next(instant now) {
  socket_ = tcp_socket{};
  while (addresses_->next != nullptr) {
    const auto& address = *std::exchange(addresses_->next, addresses_->next->ai_next);
    socket_ = open_socket(address);
    if (socket_ && ::connect(socket_.get(), address.ai_addr, address.ai_addrlen) == 0) {
      problem_.clear();
      break;
    }
    if (socket_ && errno == EINPROGRESS) {
      deadline_ = now + timeout_;
      return;
    }
    problem_ = text_of(errno);
    socket_ = tcp_socket{};
  }
  is_over_ = true;
}

void dial_attempt::advance(bool has_news, instant now) {
  if (is_over_) return;
  if (has_news) {
    const int error = error_of(socket_);
    is_over_ = error == 0;
    problem_ = is_over_ ? "" : text_of(error);
  } else if (now >= deadline_) {
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(timeout_).count();
    problem_ = "no answer within " + std::to_string(limit) + " ms";
  } else {
    return;
  }
  if (!is_over_) try_next(now);
}

dialled listen_tcp(const peer_address& where) {
  dialled result;
  const auto all = resolve(where, AI_PASSIVE, result.problem);
  for (const auto* one = all.get(); one != nullptr && !result.socket; one = one->ai_next)
    result.problem = listen_at(*one, result.socket);
  return result;
}

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

std::ptrdiff_t send_some(int socket, std::string_view bytes) {
  const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) return sent;
  return is_passing(errno) ? 0 : -1;
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
