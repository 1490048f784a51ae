// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/configuration.hpp"
#include "bulwark/consensus/core/replica.hpp"
#include "election.hpp"
#include "leader.hpp"
#include "output.hpp"
#include "roster.hpp"
#include "slot_log.hpp"

namespace bulwark::consensus {

/// Changes who belongs to the group, on request and through the log.
///
/// Rule:   the leader proposes the new configuration in a slot of its own, and nothing behind it. Once that
/// is
///         chosen, whoever applies it goes by it, and the leader begins anew under a higher ballot, for which
///         it asks the new voters. So every slot has one set of voters in both phases, and a leader of the
///         new ones has heard from a majority of the old, or from whoever did. The change is answered once
///         the new voters have chosen something: then a majority of them knows the configuration durably.
/// Bounds: one change at a time, for at most options.request_timeout
///
///   idle --begin--> proposed --adopted--> sealing --the new voters chose--> idle (changed)
///     ^-- leadership or time lost (lost) --'--------'
class reconfiguration {
 public:
  reconfiguration(const replica_options& options, const roster& group, output& out)
      : options_{options}, roster_{group}, out_{out} {}

  /// Takes a change, or answers at once why not.
  void begin(const change_members& what, const election& ballots, leader& proposer, slot chosen, bool moving,
             instant now);
  /// Another configuration is in force.
  void on_adopted();
  /// Answers a change that has come to its end.
  void advance(const leader& proposer, const election& ballots, instant now);

  [[nodiscard]] bool is_running() const { return running_.has_value(); }
  /// When advance() is due; instant::max() if no change runs.
  [[nodiscard]] instant next_deadline() const { return running_ ? running_->until : instant::max(); }

 private:
  struct running_change {
    std::uint64_t number;
    configuration wanted;
    ballot under;  ///< the leadership that brings it about
    instant until;
    bool adopted = false;
  };

  [[nodiscard]] change_outcome check(const configuration& wanted, const election& ballots, slot chosen,
                                     instant now) const;
  void finish(change_outcome result);

  const replica_options& options_;
  const roster& roster_;
  output& out_;
  std::optional<running_change> running_;
};

}  // namespace bulwark::consensus
