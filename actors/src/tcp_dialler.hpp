// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "bulwark/actors/core/time.hpp"
#include "tcp_dial.hpp"

namespace bulwark {

/// Opens TCP connections, all that are asked for at the same time, in a thread of its own: a peer that does
/// not answer keeps nobody waiting. Only the resolution of a name does, that of the other dials.
///
/// Bounds: those of its user; a connector has one dial under way for each peer
/// Thread-safe. Callbacks run in the thread of this object and must be quick.
class tcp_dialler {
 public:
  using taker = std::function<void(dialled)>;

  /// Each address gets `timeout`. Throws std::system_error.
  explicit tcp_dialler(duration timeout);
  /// Ends all dials that are under way; their callbacks are dropped.
  ~tcp_dialler();
  tcp_dialler(const tcp_dialler&) = delete;
  tcp_dialler& operator=(const tcp_dialler&) = delete;

  /// The callback is called once.
  void dial(peer_address where, taker done);

 private:
  struct state;

  std::shared_ptr<state> state_;
  std::thread thread_;
};

}  // namespace bulwark
