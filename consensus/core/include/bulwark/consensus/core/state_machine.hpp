// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string_view>

#include "bulwark/consensus/core/messages.hpp"

namespace bulwark::consensus {

/// What is replicated: a deterministic machine. Every replica applies the same commands in the same order, so
/// equal histories must give equal states and replies. Time and randomness may only come with the command.
///
/// Owner: one replica_actor or a simulation; not thread-safe.
class state_machine {
 public:
  virtual ~state_machine() = default;

  /// Changes the state and returns the reply. Must not throw: bad input is answered with a reply that says
  /// so.
  virtual bytes apply(const bytes& command) = 0;

  /// Answers from the state without changing it. Must not throw.
  [[nodiscard]] virtual bytes query(const bytes& question) const = 0;

  /// The whole state, for a snapshot: equal states give equal bytes. None if this machine cannot be saved;
  /// then its log grows for ever.
  [[nodiscard]] virtual std::optional<bytes> save() const { return std::nullopt; }

  /// Becomes the state that was saved. False, and no change, if the bytes are none that save() gives.
  [[nodiscard]] virtual bool restore(std::string_view /*saved*/) { return false; }
};

}  // namespace bulwark::consensus
