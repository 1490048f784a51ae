// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "bulwark/consensus/core/ids.hpp"
#include "bulwark/consensus/core/messages.hpp"

namespace bulwark::consensus {

/// What an acceptor holds for one slot.
struct held_entry {
  ballot under;  ///< {} if the value was learned as chosen
  value what;
  std::uint64_t written = 0;  ///< number of the persist that makes it durable
  std::size_t bytes = 0;      ///< about what it takes in memory
  bool present = false;       ///< false for a gap
};

/// The part of the log that is in memory: every slot behind the chosen watermark, and applied ones as long as
/// `cached_bytes` allows and the store cannot be asked for them yet.
///
/// Invariants: (1) applied() <= chosen()
///             (2) every slot from first() to chosen() is present
///             (3) a present slot at or below chosen() holds the chosen value
class slot_log {
 public:
  /// Everything up to `chosen` is in the store only.
  slot_log(slot chosen, std::size_t cached_bytes);

  [[nodiscard]] slot chosen() const { return chosen_; }
  [[nodiscard]] slot applied() const { return applied_; }
  /// The highest slot that is held or chosen.
  [[nodiscard]] slot last() const;
  /// The lowest slot in memory; those below are in the store.
  [[nodiscard]] slot first() const { return first_; }
  /// Replay: what comes next must be read from the store.
  [[nodiscard]] bool must_replay() const { return next(applied_) < first_; }

  /// None for a gap, and for a slot that is not in memory.
  [[nodiscard]] const held_entry* find(slot at) const;

  /// Holds an accepted value. @pre at > chosen()
  void put(slot at, ballot under, value what, std::uint64_t written);

  /// Chosen are: the next slots up to `last`, as far as they are held under exactly this ballot.
  void choose_accepted(slot last, ballot under);
  /// Chosen is: the next slot, with the value that is held.
  void choose_next();

  /// The next slot was handed to the state machine. @pre applied() < chosen()
  void count_applied();

  /// Everything up to this slot is applied at once; what was held there is forgotten. @pre at >= applied()
  void jump_to(slot at);

  /// Forgets applied entries over the limit that are durable with this persist number.
  void evict(std::uint64_t durable);

 private:
  [[nodiscard]] std::size_t index(slot at) const { return number(at) - number(first_); }

  std::deque<held_entry> entries_;  ///< from first_ on
  slot first_;
  slot chosen_;
  slot applied_{};
  std::size_t cached_bytes_max_;
  std::size_t cached_bytes_ = 0;  ///< of applied entries
};

/// About what a value takes in memory.
std::size_t bytes_of(const value& what);

}  // namespace bulwark::consensus
