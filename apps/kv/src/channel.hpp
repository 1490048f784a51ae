// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace bulwark::kv {

/// A session's end of a client connection, over whatever transport. Thread-safe; never blocks.
class channel {
 public:
  virtual ~channel() = default;

  /// Sends behind what is still unsent. Ignored after `finish` or the end of the connection.
  virtual void send(std::string_view data) = 0;

  /// The session has done with so many bytes of input: that much more may be read.
  virtual void consumed(std::size_t bytes) = 0;

  /// Bytes that the client has not taken yet. If they are `pause` or more, `drained` of the sink will be
  /// called once they are fewer.
  virtual bool must_pause() = 0;

  /// Closes once everything is sent; the client sees the end of the stream, not a reset.
  virtual void finish() = 0;
};

/// Where a connection delivers what happens to it. Called in one I/O thread, never concurrently; destroyed
/// with the connection.
class client_sink {
 public:
  virtual ~client_sink() = default;

  virtual void opened(std::shared_ptr<channel> connection) = 0;
  virtual void received(std::string data) = 0;
  virtual void input_ended() = 0;  ///< the client sends no more, but may still read
  virtual void drained() = 0;
  virtual void closed() = 0;  ///< the last call
};

/// Counts the bytes that all clients together have in buffers.
class byte_budget {
 public:
  explicit byte_budget(std::size_t limit) : limit_{limit} {}

  /// Counts them in any case; false if there are too many now.
  bool take(std::size_t bytes) {
    return taken_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit_;
  }
  void give_back(std::size_t bytes) { taken_.fetch_sub(bytes, std::memory_order_relaxed); }
  [[nodiscard]] std::size_t taken() const { return taken_.load(std::memory_order_relaxed); }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> taken_{0};
};

struct channel_limits {
  std::size_t input_bytes_max;  ///< read ahead of the session; must hold the largest command and one read
  std::size_t output_bytes_pause;
  std::size_t output_bytes_max;
};

}  // namespace bulwark::kv
