// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "acceptor.hpp"
#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/messages.hpp"
#include "bulwark/consensus/core/replica.hpp"
#include "election.hpp"
#include "output.hpp"
#include "phase_one.hpp"
#include "roster.hpp"
#include "slot_log.hpp"

namespace bulwark::consensus {

/// The proposer of the group while this replica leads.
///
/// Paper:      Lamport, "Paxos Made Simple", sections 2.2 and 3
/// Invariants: (1) one value per slot and ballot is ever proposed
///             (2) nothing is proposed before a majority promised, and all slots that it knows as chosen are
///             known here (3) while proposing, chosen moves only by accepts of the own ballot. So an acceptor
///             may take
///                 the watermark as said about what it accepted under this very ballot. (4) nothing is
///                 proposed behind a configuration, as others choose there: what follows is a new leadership
/// Bounds:     at most options.window slots in flight, and options.waiting_* commands waiting for one
///
///   idle --take_over--> preparing --majority promised--> catching_up --all chosen known--> proposing
///     ^----------------------- step_down -----------------------------------------------------'
class leader {
 public:
  enum class phase : std::uint8_t { idle, preparing, catching_up, proposing };

  /// A waiting command that was not proposed, with the certainty that it never will be.
  struct unproposed {
    std::vector<command> waiting;
    std::vector<value> in_flight;  ///< proposed by this leadership for clients, and not known to be chosen
  };

  leader(const replica_options& options, const roster& group, slot_log& log, acceptor& own_acceptor,
         output& out)
      : options_{options}, roster_{group}, log_{log}, acceptor_{own_acceptor}, out_{out} {}

  [[nodiscard]] phase now_in() const { return phase_; }
  [[nodiscard]] ballot under() const { return under_; }
  /// Every write acknowledged before this leadership is applied here.
  [[nodiscard]] bool serves() const { return phase_ == phase::proposing && log_.applied() >= barrier_; }
  /// The slot holds commands that this leadership proposed for clients.
  [[nodiscard]] bool proposed_for_clients(slot at) const {
    return phase_ == phase::proposing && at > barrier_;
  }
  [[nodiscard]] std::size_t in_flight() const { return flying_.size(); }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  void take_over(ballot under, instant now);
  unproposed step_down();

  /// Takes a command for a slot to come; false, and leaves it alone, if too many wait.
  bool submit(command&& what, instant now);

  /// Takes a configuration for the next slot that is free; none goes behind it. @pre now_in() == proposing
  void propose(value next_configuration) { configuration_ = std::move(next_configuration); }

  /// While paused, commands wait: no slot is opened for them.
  void pause(bool paused) { paused_ = paused; }

  void on_promise(std::size_t from, promise what);
  void on_accepted(std::size_t from, const accepted& what);

  /// Goes on where it can: from catching up to proposing, and from waiting commands to slots.
  /// `still_wanted` is asked about each command of this node, and told by that that it is proposed now.
  void advance(const election& links, instant now, const std::function<bool(const command&)>& still_wanted);
  /// Once per interval: sends again what was not answered, and how far the log is chosen.
  void on_interval(const election& links, instant now);
  /// Tells everybody that is reached how far the log is chosen under the own ballot, also who left the group.
  void tell_chosen(const election& links);
  /// The source of what it must learn is gone: only a new ballot helps.
  [[nodiscard]] bool is_stuck(instant now) const;

 private:
  /// A slot in flight: proposed, not chosen.
  struct flight {
    node_set accepted_by;
    instant sent_at;
  };

  struct waiting_command {
    command what;
    instant until;  ///< then its client has given up, and proposing it would only keep others waiting
  };

  void start_proposing();
  [[nodiscard]] std::optional<value> next_value(instant now,
                                                const std::function<bool(const command&)>& still_wanted);
  value next_batch(instant now, const std::function<bool(const command&)>& still_wanted);
  void send_run(const election& links, accept run);
  void resend_to(std::size_t peer, instant now);

  const replica_options& options_;
  const roster& roster_;
  slot_log& log_;
  acceptor& acceptor_;
  output& out_;

  phase phase_ = phase::idle;
  bool paused_ = false;
  std::optional<value> configuration_;  ///< waits for a slot
  bool closed_ = false;                 ///< a configuration is in flight, so nothing else may follow
  ballot under_;
  phase_one promises_;
  slot catch_up_to_{};                        ///< catching_up: everything up to here is chosen
  slot progress_at_{};                        ///< catching_up: how far it had come
  instant progress_since_{};                  ///< catching_up: since when
  std::map<slot, accepted_entry> recovered_;  ///< what must be proposed again
  slot barrier_{};                            ///< a no-op behind all recovered slots
  slot next_{};                               ///< proposing: the next slot to propose
  std::deque<flight> flying_;                 ///< proposing: from next(chosen) to previous(next_)
  std::deque<waiting_command> waiting_;
  std::size_t waiting_bytes_ = 0;
};

}  // namespace bulwark::consensus
