// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace bulwark {

/// The bytes that go out by one connection: those of the network's thread, and whole frames that other
/// threads write past it, in one order. What the socket does not take at once is left to the network's
/// thread, and what is written meanwhile waits behind it.
///
/// Thread-safe.
/// Bounds: none of its own; who writes frames has credit for them.
class shared_output {
 public:
  /// A longer frame takes more time than to wake the network's thread, and is left to it.
  static constexpr std::size_t quick_bytes_max = 16u << 10;

  /// `socket` does not block. `rest_is_left` is called, by any thread, when write_out is due.
  shared_output(int socket, std::function<void()> rest_is_left)
      : socket_{socket}, rest_is_left_{std::move(rest_is_left)} {}

  /// From any thread. False: the connection is over, and nothing was written.
  bool write(std::string_view frame);

  // -- for the network's thread

  /// Writes `own`, frames of the network's thread, and takes what was written of it away. True: it still
  /// holds something, to be written as the socket takes it, of which resume() tells.
  bool write_out(std::vector<char>& own);

  /// All that write_out left was written.
  void resume();

  /// Before the socket is closed.
  void close();
  [[nodiscard]] bool is_closed() const;

 private:
  const int socket_;
  const std::function<void()> rest_is_left_;

  mutable std::mutex mutex_;
  std::vector<char> backlog_;  ///< of other threads; may begin within a frame unless is_left_
  bool is_left_ = false;       ///< the network's thread has bytes that go first
  bool is_closed_ = false;
};

}  // namespace bulwark
