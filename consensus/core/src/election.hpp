// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bulwark/actors/core/random.hpp"
#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/messages.hpp"
#include "output.hpp"
#include "roster.hpp"

namespace bulwark::consensus {

/// Finds a leader that reaches a majority, and keeps it as long as it does.
///
/// Paper:  Ng, Haridi, Carbone, "Omni-Paxos", section 5 (ballot leader election); differs: a lost link counts
/// at
///         once, changes of mind are told at once, and who takes over waits a moment by its rank, so that
///         seldom two do.
/// Rule:   take over with a ballot above all seen, if (1) no leader is reached that itself reaches a
/// majority, (2) this
///         replica reaches a majority, (3) nobody it reaches is content with a leader. (3) keeps a
///         replica that comes back, or sees only a part of the group, from disturbing the others.
///
///   follower --(1,2,3 hold for a moment)--> leader --(no majority, or a higher ballot)--> follower
class election {
 public:
  struct timing {
    duration interval;
    duration timeout;
    std::uint64_t seed;
    std::uint8_t priority = 0;
  };
  enum class decision : std::uint8_t { none, take_over, step_down };

  election(const roster& group, timing times, ballot promised, output& out, instant now);

  /// To be called before anything else in a step; the one before was at `previous`. Time in which this
  /// replica was not run, although it was due, says nothing about others: what they sent meanwhile may still
  /// wait. Unless it was so long that they have given up this replica by now.
  void discount_stall(instant previous, instant now);
  /// Runs the heartbeat rounds. True if one has ended.
  bool on_tick(instant now);
  void on_beat(node_id from, const beat& what, slot chosen);
  void on_beat_ack(node_id from, const beat_ack& what, instant now);
  void on_link(node_id peer, bool up, instant now);
  /// Its process was not heard of for too long, or is again.
  void on_silence(node_id peer, bool silent, instant now);
  /// No rounds from here on: who was heard of counts as such.
  void fall_quiet() { quiet_ = true; }
  /// Rounds again, beginning with one now.
  void wake(instant now);
  /// A message that only the leader of this ballot sends came in, and was not refused.
  void on_leader(ballot under, instant now);
  /// A ballot of this round exists somewhere.
  void on_ballot(ballot seen);
  /// A member has promised this ballot. If it is higher than the own one, and nobody leads with it, a leader
  /// takes a higher one yet: without it, that member could never take part.
  void on_promised(ballot seen);

  /// Draws the conclusions of what happened; on take_over, own() is the new ballot (also of one that led
  /// before). `able` says whether this replica could lead at all. `successor` was asked to take over, if it
  /// is somebody: its ballot is not outbid.
  decision decide(instant now, bool able, slot chosen, node_id successor = node_id::none);
  /// The leader that is followed asks this replica to take over: the next decision does, if it can.
  void hurry();
  /// Something else changed that the next decision is to take into account.
  void reconsider() { changed_ = true; }
  /// Asks a peer at once how far it is, not with the next round.
  void ask(std::size_t index) { out_.post(roster_.at(index), beat{round_}); }
  void step_down();
  /// Others belong to the group from now on; what was said at the `forgotten` indices was said by somebody
  /// else.
  void on_members_changed(const std::vector<std::size_t>& forgotten, instant now);
  /// Starts over with a ballot above all seen. @pre leads()
  void raise_own();

  [[nodiscard]] ballot own() const { return own_; }
  [[nodiscard]] bool leads() const { return leads_; }
  /// The ballot of a leader that is reached and reaches a majority; {} if there is none.
  [[nodiscard]] ballot followed() const { return content_ ? leader_ : ballot{}; }
  [[nodiscard]] bool has_quorum() const { return roster_.is_quorum(alive_); }
  /// Who was heard of within T_interval + T_timeout, as of the last decision; self included.
  [[nodiscard]] const node_set& alive() const { return alive_; }
  /// It was heard of in the last two rounds, or is this replica itself.
  [[nodiscard]] bool was_just_heard(std::size_t index, instant now) const {
    return index == roster_.self() || (alive_.has(index) && now - peers_[index].at <= 2 * times_.interval);
  }
  /// How far a peer said that it knows the log to be chosen.
  [[nodiscard]] slot chosen_of(std::size_t index) const { return peers_[index].chosen; }
  /// False if the link to the peer is known to be lost.
  [[nodiscard]] bool is_linked(std::size_t index) const { return peers_[index].linked; }
  /// Its link is up, and its process not known to be silent.
  [[nodiscard]] bool is_within_reach(std::size_t index) const {
    return peers_[index].linked && !peers_[index].silent;
  }
  /// It rests: rounds leave it alone, until wake() or disturb_all().
  void leave_alone(std::size_t index, instant now) {
    left_alone_.add(index);
    peers_[index].at = now;
  }
  void disturb_all() { left_alone_.clear(); }
  /// The peer said the same before.
  [[nodiscard]] bool is_known(std::size_t index, const beat_ack& what) const;
  [[nodiscard]] instant next_wakeup() const;

 private:
  struct peer {
    bool linked = true;
    bool silent = false;
    std::uint64_t lost_in = 0;  ///< our round when the link was lost
    std::uint64_t asked = 0;    ///< the round of its last beat
    bool heard = false;         ///< the rest is meaningful
    instant at{};               ///< when it was last heard of
    std::uint64_t round = 0;    ///< our last round that it answered
    ballot candidate;
    ballot leader;
    bool content = false;
    slot chosen{};
    std::uint8_t priority = 0;
  };

  void begin_round(instant now);
  [[nodiscard]] bool is_other_voter(std::size_t index) const {
    return index != roster_.self() && roster_.is_voter(index);
  }
  [[nodiscard]] bool is_alive(const peer& p, instant now) const;
  [[nodiscard]] bool is_silent(const peer& p, instant now) const { return p.heard && now > silent_after(p); }
  [[nodiscard]] instant silent_after(const peer& p) const { return p.at + times_.interval + times_.timeout; }
  /// Until when the leader that is followed counts as reached if nothing more is heard of it.
  [[nodiscard]] instant leader_silent_after() const;
  [[nodiscard]] bool all_answered(instant now) const;
  void adopt_highest();
  void adopt_content();
  [[nodiscard]] bool is_content() const;
  [[nodiscard]] bool sees_content_peer() const;
  [[nodiscard]] bool sees_rival() const;
  [[nodiscard]] duration patience(slot chosen);
  void tell_all(slot chosen);
  [[nodiscard]] beat_ack answer_to(const peer& p, slot chosen) const;

  const roster& roster_;
  timing times_;
  output& out_;
  random_stream random_;
  std::vector<peer> peers_;  ///< by index; the own one is unused

  std::uint64_t round_ = 0;
  instant round_ends_;
  std::uint64_t round_max_;  ///< highest round of any ballot seen
  ballot own_;               ///< what this replica leads, or led last, in this life; {0, self} before
  ballot leader_;            ///< highest known ballot of a leader
  bool leads_ = false;
  bool content_ = false;
  node_set alive_;
  bool changed_ = false;  ///< something happened since the last decision
  bool round_over_ = false;
  bool quiet_ = false;
  node_set left_alone_;
  bool hurried_ = false;  ///< the next decision is to take over
  std::optional<instant> take_over_at_;
};

}  // namespace bulwark::consensus
