// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>

#include "bulwark/consensus/core/messages.hpp"
#include "output.hpp"
#include "slot_log.hpp"

namespace bulwark::consensus {

/// The memory of Paxos: promises and accepts, each durable before it is told to anyone.
///
/// Paper:      Lamport, "Paxos Made Simple", section 2.2
/// Invariants: (1) promised() never goes back, also over restarts
///             (2) promised() >= the ballot of every accepted value
///             (3) what was accepted in a slot is forgotten only for a value known to be chosen there
class acceptor {
 public:
  struct limits {
    std::size_t slots_ahead;  ///< accepts at most that far behind the chosen watermark
    std::size_t part_bytes;   ///< values in one part of a promise
  };

  acceptor(ballot promised, limits bounds, slot_log& log, output& out)
      : promised_{promised}, limits_{bounds}, log_{log}, out_{out} {}

  [[nodiscard]] ballot promised() const { return promised_; }

  /// Answers with a promise, or with a refusal. True if it promised.
  bool on_prepare(node_id from, const prepare& what);
  /// Accepts and acknowledges, or refuses. True if it takes the sender for the leader.
  bool on_accept(node_id from, const accept& what);
  void on_confirm(node_id from, const confirm& what, std::chrono::milliseconds lease);

  /// Promises the own ballot of a candidate; `out` has a record then.
  void promise_own(ballot under);
  /// Accepts the own proposal of a leader. @pre under == promised()
  void accept_own(slot at, ballot under, const value& what);

  /// Takes over a value known to be chosen. @pre at == next(chosen)
  void learn_chosen(const chosen_entry& what);

 private:
  void raise(ballot to);
  void hold(slot at, ballot under, const value& what);

  ballot promised_;
  limits limits_;
  slot_log& log_;
  output& out_;
};

}  // namespace bulwark::consensus
