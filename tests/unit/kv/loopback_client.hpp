// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace bulwark::kv {

/// A blocking TCP client for tests. What takes longer than the timeout throws std::runtime_error.
class loopback_client {
 public:
  explicit loopback_client(std::uint16_t port, int receive_buffer = 0);
  loopback_client(loopback_client&& other) noexcept;
  loopback_client& operator=(loopback_client&&) = delete;
  ~loopback_client();

  void send(std::string_view data);
  /// Sends as much as the socket takes at once.
  std::size_t send_some(std::string_view data);
  /// Sends no more; the other direction stays open.
  void end();

  /// One whole reply, as it came.
  std::string reply();
  std::string replies(int count);
  /// Sends an inline line as multibulk and returns its reply.
  std::string ask(std::string_view line);

  /// Everything up to the end of the stream. A reset counts as the end and adds "(reset)".
  std::string rest();

 private:
  bool fill();
  void append_line(std::string& out);
  void append_bytes(std::string& out, std::size_t count);

  int socket_;
  std::string buffer_;
  std::size_t at_ = 0;
};

}  // namespace bulwark::kv
