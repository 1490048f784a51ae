// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "tcp_dial.hpp"

namespace bulwark::test {

/// Opens a TCP connection. Blocks for `timeout` at most for each address of the host, apart from the
/// resolution of its name.
inline dialled dial_and_wait(const peer_address& where, duration timeout) {
  using std::chrono::steady_clock;
  dial_attempt attempt{where, timeout, steady_clock::now()};
  while (!attempt.is_over()) {
    pollfd ready{attempt.socket(), POLLOUT, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(attempt.deadline() - steady_clock::now());
    const int count = ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    attempt.advance(count > 0, steady_clock::now());
  }
  return attempt.take();
}

}  // namespace bulwark::test
