// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "tls_session.hpp"

namespace bulwark {

/// What came of a handshake: a session with a peer whose certificate holds, or why there is none.
struct tls_outcome {
  std::unique_ptr<tls_session> session;
  std::vector<std::string> names;  ///< of the peer
  std::string problem;             ///< for people; empty if there is a session
};

struct tls_handshake_options {
  std::string cluster;                                 ///< a peer's certificate must name a node of it
  duration deadline = std::chrono::seconds{3};         ///< for one handshake
  duration complaint_every = std::chrono::minutes{1};  ///< about one stranger and matter
  std::size_t strangers_max = 64;                      ///< handshakes of accepted connections at a time
};

/// Does all TLS handshakes of a node, many at a time, in a thread of its own: neither CAF's network thread
/// nor the connector waits for a peer, and CAF never sees a connection whose peer is not known.
///
/// Bounds: so many accepted connections at a time; one more pushes out the oldest, as honest ones take
///         milliseconds. Each handshake has a deadline. What strangers did wrong is logged once per address
///         and matter and period.
/// Thread-safe. Callbacks run in the thread of this object and must be quick.
class tls_handshakes {
 public:
  using taker = std::function<void(tls_outcome)>;

  tls_handshakes(ssl_context_ptr context, tls_handshake_options options);
  /// Ends all that are under way; their callbacks are dropped.
  ~tls_handshakes();
  tls_handshakes(const tls_handshakes&) = delete;
  tls_handshakes& operator=(const tls_handshakes&) = delete;

  /// With a peer that was dialled, and whose certificate must have this name. The callback is called once.
  void dialled(tcp_socket socket, std::string name, taker done);
  /// Accepts connections from now on; the callback gets those that succeed.
  void listen(tcp_socket listener, taker admitted);
  /// Accepts no more. The callback may run once more while this is called, not after.
  void close();

 private:
  struct state;

  std::shared_ptr<state> state_;
  std::thread thread_;
};

}  // namespace bulwark
