// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/actors/link.hpp"

namespace bulwark {

/// Owns a socket's descriptor, or none. Not thread-safe.
class tcp_socket {
 public:
  tcp_socket() = default;
  explicit tcp_socket(int fd) : fd_{fd} {}
  tcp_socket(tcp_socket&& other) noexcept : fd_{other.release()} {}
  tcp_socket& operator=(tcp_socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~tcp_socket();

  [[nodiscard]] int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

  /// A second descriptor of the same connection; none if there are no more descriptors.
  [[nodiscard]] tcp_socket duplicate() const;

  /// Ends the connection, for all descriptors of it.
  void shut_down();

 private:
  int fd_ = -1;
};

/// Of a call on a socket that does not block: nothing is wrong, it is to be made again.
[[nodiscard]] inline bool is_passing(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/// Of the bytes, those that a socket takes without waiting, and without a signal if nobody is there any more;
/// fewer than none: it is broken.
[[nodiscard]] std::ptrdiff_t send_some(int socket, std::string_view bytes);

/// A connection, or why there is none, for people.
struct dialled {
  tcp_socket socket;
  std::string problem;
};

/// A TCP connection in the making, to one after the other of the addresses of a host. Blocks for the
/// resolution of its name only. Not thread-safe.
class dial_attempt {
 public:
  /// Each address gets `timeout`.
  dial_attempt(const peer_address& where, duration timeout, instant now);
  dial_attempt(dial_attempt&& other) noexcept;
  dial_attempt& operator=(dial_attempt&& other) noexcept;
  ~dial_attempt();

  [[nodiscard]] bool is_over() const noexcept { return is_over_; }
  /// Until it is over: becomes writable when there is news.
  [[nodiscard]] int socket() const noexcept { return socket_.get(); }
  /// Until it is over: when the present address has had its time.
  [[nodiscard]] instant deadline() const noexcept { return deadline_; }

  /// To be called when there is news, and at the deadline.
  void advance(bool has_news, instant now);

  /// Once it is over.
  [[nodiscard]] dialled take() { return {std::move(socket_), std::move(problem_)}; }

 private:
  struct addresses;

  void try_next(instant now);

  std::unique_ptr<addresses> addresses_;
  duration timeout_;
  tcp_socket socket_;
  std::string problem_;
  instant deadline_{};
  bool is_over_ = false;
};

/// Listens there, with a socket that does not block.
[[nodiscard]] dialled listen_tcp(const peer_address& where);

/// The port that a socket listens on; 0 if it does not.
[[nodiscard]] std::uint16_t local_port(const tcp_socket& listener);

/// The address at the other end of a connection, as numbers; "?" if there is none any more.
[[nodiscard]] std::string peer_host(int socket);

}  // namespace bulwark
