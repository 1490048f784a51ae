// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/actors/core/time.hpp"
#include "bulwark/load/endpoint.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace bulwark::load {

/// How an operation on a stream ended.
enum class io_result { ok, closed, timed_out, failed };

const char* to_string(io_result result);

/// A TCP connection whose every operation has a deadline. Moves, does not copy; not thread-safe.
class tcp_stream {
 public:
  tcp_stream() = default;
  tcp_stream(tcp_stream&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  tcp_stream& operator=(tcp_stream&& other) noexcept;
  ~tcp_stream() { close(); }

  /// Connects, closing what was open before.
  io_result connect(const endpoint& to, instant deadline);

  /// Starts to connect and does not wait; the descriptor becomes writable once the outcome is known.
  io_result begin_connect(const endpoint& to);

  /// Sends all bytes; `sent` counts what the kernel took, also when the rest did not get through.
  io_result send_all(std::string_view bytes, instant deadline, std::size_t& sent);

  /// Appends what arrives to `into`, at least one byte unless the result says otherwise.
  io_result receive(std::string& into, instant deadline);

  /// Sends a FIN: the peer sees the end of the stream, and can still answer.
  void end_sending();

  void close();
  bool is_open() const { return fd_ >= 0; }

  /// The non-blocking descriptor, for an event loop; -1 when closed.
  int descriptor() const { return fd_; }

 private:
  io_result wait(short events, instant deadline) const;

  int fd_ = -1;
};

}  // namespace bulwark::load
