// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/load/tcp_stream.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace bulwark::load {

const char* to_string(io_result result) {
  switch (result) {
    case io_result::ok: return "ok";
    case io_result::closed: return "closed by the server";
    case io_result::timed_out: return "timed out";
    case io_result::failed: return "failed";
  }
  return "?";
}

tcp_stream& tcp_stream::operator=(tcp_stream&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

io_result tcp_stream::begin_connect(const endpoint& to) {
  close();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(to.port);
  if (::inet_pton(AF_INET, to.host.c_str(), &address.sin_addr) != 1) return io_result::failed;
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return io_result::failed;
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket interface is made so.
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return io_result::ok;
  if (errno == EINPROGRESS) return io_result::ok;
  close();
  return io_result::failed;
}

io_result tcp_stream::connect(const endpoint& to, instant deadline) {
  auto result = begin_connect(to);
  if (result == io_result::ok) result = wait(POLLOUT, deadline);
  if (result == io_result::ok) {
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) result = io_result::failed;
  }
  if (result != io_result::ok) close();
  return result;
}

io_result tcp_stream::wait(short events, instant deadline) const {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return io_result::timed_out;
    pollfd watched{.fd = fd_, .events = events, .revents = 0};
    const int ready = ::poll(&watched, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
    if (ready > 0) return io_result::ok;
    if (ready < 0 && errno != EINTR) return io_result::failed;
  }
}

io_result tcp_stream::send_all(std::string_view bytes, instant deadline, std::size_t& sent) {
  sent = 0;
  while (sent < bytes.size()) {
    const auto taken = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (taken > 0) {
      sent += static_cast<std::size_t>(taken);
    } else if (errno == EAGAIN) {
      if (const auto waited = wait(POLLOUT, deadline); waited != io_result::ok) return waited;
    } else if (errno != EINTR) {
      return errno == EPIPE || errno == ECONNRESET ? io_result::closed : io_result::failed;
    }
  }
  return io_result::ok;
}

io_result tcp_stream::receive(std::string& into, instant deadline) {
  std::array<char, 16384> chunk;
  for (;;) {
    const auto got = ::recv(fd_, chunk.data(), chunk.size(), 0);
    if (got > 0) {
      into.append(chunk.data(), static_cast<std::size_t>(got));
      return io_result::ok;
    }
    if (got == 0) return io_result::closed;
    if (errno == EAGAIN) {
      if (const auto waited = wait(POLLIN, deadline); waited != io_result::ok) return waited;
    } else if (errno != EINTR) {
      return errno == ECONNRESET ? io_result::closed : io_result::failed;
    }
  }
}

void tcp_stream::end_sending() { ::shutdown(fd_, SHUT_WR); }

void tcp_stream::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

}  // namespace bulwark::load
