// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/messages.hpp"
#include "bulwark/consensus/core/replica.hpp"
#include "election.hpp"
#include "leader.hpp"
#include "output.hpp"
#include "roster.hpp"
#include "slot_log.hpp"

namespace bulwark::consensus {

/// Hands leadership over on request, without the time that finding a silent leader takes.
///
/// Source: Ongaro, "Consensus: Bridging Theory and Practice" (2014), section 3.10 (leadership transfer)
/// Rule:   the leader opens no slot for clients any more, waits until what is in flight is chosen and the
///         target knows it, then asks the target to take over. That is a hint to elect, nothing more: the
///         target runs phase 1 like anybody, and a lost, doubled or late hint breaks nothing.
/// Bounds: one transfer at a time; after T_interval + T_timeout the leader goes on as before.
///
///   idle --begin--> waiting --target knows all--> asked --a higher ballot--> idle (moved)
///     ^--------------- deadline (timed_out) -------'
class leadership_transfer {
 public:
  leadership_transfer(const replica_options& options, const roster& group, output& out)
      : options_{options}, roster_{group}, out_{out} {}

  /// Takes a request, or answers at once why not.
  void begin(const transfer& what, const election& ballots, instant now);
  /// Goes on where it can, and answers once it is over.
  /// `before_asking` is called before the target is asked to take over.
  void advance(const leader& proposer, election& ballots, slot chosen, instant now,
               const std::function<void()>& before_asking);
  /// Who was asked to take over by the present leader, and has not done so yet; none if nobody was.
  [[nodiscard]] node_id successor() const;
  /// Asks again what was not answered.
  void on_interval();

  /// The leader is to open no slots for clients.
  [[nodiscard]] bool pauses() const { return running_.has_value(); }
  /// When advance() is due; instant::max() if no transfer runs.
  [[nodiscard]] instant next_deadline() const { return running_ ? running_->until : instant::max(); }

 private:
  struct running_transfer {
    std::uint64_t number;
    std::size_t to;  ///< index of the target
    ballot under;    ///< the leadership that is handed over
    instant until;
    std::optional<slot> told;  ///< the target was told of this watermark, and asked for its own
    bool asked = false;        ///< the target was asked to take over, in this interval
    bool offered = false;      ///< the target was asked to take over: from here on nothing is in flight
  };

  [[nodiscard]] std::optional<std::size_t> choose_target(const election& ballots) const;
  void finish(transfer_outcome result, ballot leader);

  const replica_options& options_;
  const roster& roster_;
  output& out_;
  std::optional<running_transfer> running_;
};

}  // namespace bulwark::consensus
