// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "channel.hpp"

namespace bulwark::kv {

/// What to do with a new connection: serve it by `sink`, or, without one, say `refusal` and close.
struct admission {
  std::unique_ptr<client_sink> sink;
  std::string refusal;
};

struct tcp_server_options {
  std::string host;
  std::uint16_t port = 0;  ///< 0: any free one
  channel_limits limits;
  std::shared_ptr<byte_budget> budget;
  std::function<admission(const std::string& peer, const std::string& local)>
      admit;  ///< called in the I/O thread
  /// Called in the I/O thread with each round of its loop, which it has to call.
  std::function<void(const std::function<void()>& one_round)> around = [](const auto& one_round) {
    one_round();
  };
};

/// A listening socket and the connections that came in through it, with the one thread that serves them.
/// Errors: without free file descriptors it stops accepting for a moment rather than spin
class tcp_server {
 public:
  /// Listens when it returns. Throws std::system_error.
  explicit tcp_server(tcp_server_options options);

  /// Closes the port and all connections, and ends the thread.
  ~tcp_server();

  [[nodiscard]] std::uint16_t port() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace bulwark::kv
