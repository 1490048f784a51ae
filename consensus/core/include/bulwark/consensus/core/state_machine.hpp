// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "bulwark/consensus/core/messages.hpp"

namespace bulwark::consensus {

/// Gives the state of a state machine piece by piece, as it was when this was made, while commands go on to
/// change it. The bytes do not depend on when, or how large, the pieces are taken.
///
/// Owner:  whoever saves; used between the calls of the machine, in its thread. May be destroyed at any time,
///         before or after the machine; not used any more once the machine is restored or destroyed
/// Memory: in proportion to what commands change meanwhile, at most; that of one value, and of one piece
class state_cursor {
 public:
  virtual ~state_cursor() = default;

  /// Appends up to `bytes_max` to `piece`, perhaps nothing. False once all is given.
  /// @pre bytes_max > 0, and not called again after false
  [[nodiscard]] virtual bool next(std::size_t bytes_max, bytes& piece) = 0;
};

/// Makes a state machine what was saved, piece by piece. From its making on until finish() says true, nothing
/// else may be asked of the machine.
class state_restorer {
 public:
  virtual ~state_restorer() = default;

  /// The next bytes, however they were cut. False if they are none that were saved: then this is over.
  [[nodiscard]] virtual bool take(std::string_view piece) = 0;

  /// That was all. False if more was expected; the machine must be thrown away then.
  [[nodiscard]] virtual bool finish() = 0;
};

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

  /// The same bytes as save(), piece by piece; null if this machine cannot be saved. Unless overridden, the
  /// whole is saved at once and kept until it is given: a machine that is large should override it, so that
  /// it neither needs its memory twice nor applies nothing meanwhile.
  [[nodiscard]] virtual std::unique_ptr<state_cursor> begin_save();

  /// What another cluster may begin with, piece by piece: all of the state, unless overridden by a machine
  /// that holds what concerns this cluster alone.
  [[nodiscard]] virtual std::unique_ptr<state_cursor> begin_backup() { return begin_save(); }

  /// As restore(), piece by piece; what the machine held may be gone from now on. Unless overridden, the
  /// whole is gathered first.
  [[nodiscard]] virtual std::unique_ptr<state_restorer> begin_restore();
};

}  // namespace bulwark::consensus
