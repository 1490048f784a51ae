// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/messages.hpp"

namespace bulwark::consensus {

/// The lease of a leader: a majority promised until then to promise no ballot of anybody else.
///
/// Source:     Chandra, Griesemer, Redstone, "Paxos Made Live" (PODC 2007), section 5.2 (master leases);
///             Ongaro (2014), section 6.4.1
/// Assumption: the clocks of two members run at rates that differ by less than 1/16, and never stand still
///             while their machine goes on. Nothing is assumed of what they show.
class leader_lease {
 public:
  /// A majority has confirmed for at least `length` a round that was begun at `asked_at`.
  void take(ballot under, instant asked_at, duration length) {
    under_ = under;
    length_ = length;
    until_ = asked_at + length - length / 16;
  }
  void drop() { until_ = {}; }

  [[nodiscard]] bool holds(ballot under, instant now) const { return under == under_ && now < until_; }
  /// It is time to ask again, if it is to hold on.
  [[nodiscard]] bool is_half_over(instant now) const { return until_ - now < length_ / 2; }

 private:
  ballot under_;
  duration length_{};
  instant until_{};
};

/// What a member has given to leaders. While a lease runs, the ballots of others wait.
///
/// Invariants: (1) a leader that was elected ended the lease of the one before: a majority promised its
///                 ballot, one of which had given that lease, or had it. So the newest lease is all there is.
///             (2) a member that starts anew cannot know what it gave in its last life, so it promises
///                 nothing for the longest time that a lease can take.
class given_lease {
 public:
  given_lease(duration longest, instant now)
      : longest_{longest}, last_life_until_{now + longest}, until_{last_life_until_} {}

  /// A leader asks, whose ballot is not below the promised one. Returns for how long it gets the lease.
  std::chrono::milliseconds give(const confirm& what, instant now);

  /// Whether a ballot of that member may be promised.
  [[nodiscard]] bool allows(node_id candidate, instant now) const {
    return now >= last_life_until_ && (now >= until_ || candidate == to_.node);
  }

  /// Keeps the highest of the prepares that came too early.
  void postpone(const prepare& what);
  std::optional<prepare> take_postponed() { return std::exchange(postponed_, std::nullopt); }

  /// When it allows everybody.
  [[nodiscard]] instant until() const { return std::max(until_, last_life_until_); }
  [[nodiscard]] bool is_over(instant now) const { return now >= until(); }

 private:
  duration longest_;
  instant last_life_until_;
  instant until_;
  ballot to_;
  std::uint64_t round_ = 0;
  std::optional<prepare> postponed_;
};

}  // namespace bulwark::consensus
