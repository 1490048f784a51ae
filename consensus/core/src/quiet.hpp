// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>

#include "bulwark/actors/core/random.hpp"
#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/messages.hpp"
#include "bulwark/consensus/core/replica.hpp"
#include "election.hpp"
#include "output.hpp"
#include "roster.hpp"

namespace bulwark::consensus {

/// Lets a group that has nothing to do fall quiet: nobody runs heartbeat rounds any more.
///
/// Rule:  only a leader begins it, and only once everybody it reaches has said that it rests under this very
///        ballot and knows all that is chosen. Whoever is awake sends a beat to all others in every interval,
///        and any message but the two below wakes its receiver: so one that is awake wakes all it reaches,
///        and a group is quiet as a whole or not for long. What cannot be seen without rounds is told from
///        outside: a lost link, a silent process. A replica that starts is awake.
/// Bounds: safety does not depend on it: a quiet replica promises, accepts and answers as ever.
///
///   awake --idle for quiet_after--> asking --all reached rest--> quiet         the leader
///     ^------ anything happens, or it takes too long --'           |          a follower goes from awake to
///     '-------------------- anything happens -----------------------'          quiet when it is asked
class quiet_mode {
 public:
  quiet_mode(const replica_options& options, const roster& group, output& out, instant now);

  [[nodiscard]] bool is_enabled() const { return options_.quiet_after > duration{0}; }
  [[nodiscard]] bool is_quiet() const { return quiet_; }
  /// It is quiet for so long already that a beat is not one that was under way before: whoever sent it is
  /// awake.
  [[nodiscard]] bool is_settled(instant now) const {
    return quiet_ && now - quiet_since_ >= options_.interval;
  }

  /// It has answered the question that is open.
  [[nodiscard]] bool has_confirmed(std::size_t from) const { return asking_ && resting_.has(from); }
  [[nodiscard]] bool is_asking() const { return asking_; }

  /// Something happened. True if that ends the quiet.
  bool stir(instant now);
  /// A leader's interval has passed, in which there was nothing to do if `idle`. True if it falls quiet.
  bool on_interval(const election& ballots, ballot under, slot chosen, bool idle, instant now);
  /// True if the leader falls quiet.
  bool on_resting(std::size_t from, const resting& what, const election& ballots, ballot under, instant now);
  /// A follower falls quiet, and says so.
  void follow(std::size_t leader, const rest& what, instant now);

 private:
  [[nodiscard]] bool all_rest(const election& ballots) const;
  void ask(const election& ballots, ballot under, slot chosen);
  void wait_again(instant now);
  void fall_quiet(instant now);

  const replica_options& options_;
  const roster& roster_;
  output& out_;
  random_stream random_;
  bool quiet_ = false;
  instant quiet_since_;
  instant ask_at_;
  bool asking_ = false;
  instant ask_until_;          ///< asking: short, as who rests already is not heard of
  std::uint64_t attempt_ = 0;  ///< of the last question
  node_set resting_;           ///< who answered it
};

}  // namespace bulwark::consensus
