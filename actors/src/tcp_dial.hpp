// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
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

/// A connection, or why there is none, for people.
struct dialled {
  tcp_socket socket;
  std::string problem;
};

/// Opens a TCP connection. Blocks for `timeout` at most, apart from the resolution of names.
[[nodiscard]] dialled dial_tcp(const peer_address& where, duration timeout);

/// Listens there, with a socket that does not block.
[[nodiscard]] dialled listen_tcp(const peer_address& where);

/// The port that a socket listens on; 0 if it does not.
[[nodiscard]] std::uint16_t local_port(const tcp_socket& listener);

/// The address at the other end of a connection, as numbers; "?" if there is none any more.
[[nodiscard]] std::string peer_host(int socket);

/// Why nothing can listen there, for people; empty if something can.
[[nodiscard]] std::string probe_listen(const peer_address& where);

}  // namespace bulwark
