// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "openssl_ptr.hpp"
#include "tcp_dial.hpp"

namespace bulwark {

enum class tls_progress : std::uint8_t { done, wants_read, wants_write, failed };

/// One end of a TLS connection over a socket that does not block. Not thread-safe; may be handed from thread
/// to thread.
class tls_session {
 public:
  enum class role : std::uint8_t { dials, listens };

  /// Throws std::bad_alloc.
  tls_session(SSL_CTX& context, tcp_socket socket, role is);
  tls_session(const tls_session&) = delete;
  tls_session& operator=(const tls_session&) = delete;

  /// A step of the handshake. Done: the peer's certificate holds, and for the one that dials also that the
  /// peer took this one's: it has begun to talk.
  tls_progress shake();
  /// Up to `size` bytes; `got` is 0 unless done.
  tls_progress read(void* into, std::size_t size, std::size_t& got);
  tls_progress write(const void* from, std::size_t size, std::size_t& put);
  /// Bytes that are here and can be read without the socket.
  [[nodiscard]] std::size_t pending() const;

  /// What the peer's certificate names it; after the handshake.
  [[nodiscard]] std::vector<std::string> peer_names() const;
  /// Why the last step failed, for people.
  [[nodiscard]] const std::string& problem() const { return problem_; }

  [[nodiscard]] const tcp_socket& socket() const { return socket_; }
  /// Somebody else closes the descriptor from now on, after the last step.
  [[nodiscard]] int release_socket() { return socket_.release(); }

 private:
  tls_progress outcome_of(int result);
  void explain(int kind);

  tcp_socket socket_;
  int descriptor_;  ///< of the socket, also when that is somebody else's
  ssl_ptr ssl_;
  role role_;
  std::string problem_;
};

}  // namespace bulwark
