// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <caf/io/network/native_socket.hpp>
#include <caf/io/network/rw_state.hpp>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "tcp_dial.hpp"

namespace bulwark {

/// How CAF's stream reads and writes. CAF reads a header, then what it announces, then whether there is more;
/// this asks the socket once.
///
/// Owner: a stream of CAF; for the network's thread
class tcp_policy {
 public:
  using rw_state = caf::io::network::rw_state;
  using native_socket = caf::io::network::native_socket;

  /// Enough for many small messages; more would only be copied once more.
  static constexpr std::size_t read_ahead_bytes = 8u << 10;

  rw_state read_some(std::size_t& got, native_socket socket, void* into, std::size_t size) {
    got = 0;
    if (size == 0) return rw_state::indeterminate;
    if (begin_ == end_) return ask(socket, got, into, size);
    got = std::min(size, end_ - begin_);
    std::memcpy(into, ahead_.data() + begin_, got);
    begin_ += got;
    return rw_state::success;
  }

  /// "indeterminate" would make CAF drop what is left to write; a success of no bytes has it wait.
  rw_state write_some(std::size_t& put, native_socket socket, const void* from, std::size_t size) {
    put = 0;
    if (size == 0) return rw_state::indeterminate;
    const auto sent = send_some(socket, {static_cast<const char*>(from), size});
    if (sent < 0) return rw_state::failure;
    put = static_cast<std::size_t>(sent);
    return rw_state::success;
  }

  bool must_read_more(native_socket, std::size_t threshold) const {
    return end_ - begin_ >= std::max<std::size_t>(threshold, 1);
  }

 private:
  rw_state ask(native_socket socket, std::size_t& got, void* into, std::size_t size) {
    // The socket tells again if more has come since.
    if (std::exchange(drained_, false)) return rw_state::indeterminate;
    const std::array places{iovec{into, size}, iovec{ahead_.data(), ahead_.size()}};
    const auto result = ::readv(socket, places.data(), static_cast<int>(places.size()));
    if (result < 0 && is_passing(errno)) return rw_state::indeterminate;
    if (result <= 0) return rw_state::failure;
    const auto all = static_cast<std::size_t>(result);
    got = std::min(size, all);
    begin_ = 0;
    end_ = all - got;
    drained_ = all < size + ahead_.size();
    return rw_state::success;
  }

  std::array<char, read_ahead_bytes> ahead_;
  std::size_t begin_ = 0;  ///< what is there and was not asked for: [begin, end)
  std::size_t end_ = 0;
  bool drained_ = false;  ///< the socket had no more when it was last asked
};

}  // namespace bulwark
