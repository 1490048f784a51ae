// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "acceptor.hpp"
#include "bulwark/consensus/core/replica.hpp"
#include "catch_up.hpp"
#include "election.hpp"
#include "leader.hpp"
#include "leases.hpp"
#include "output.hpp"
#include "quiet.hpp"
#include "reads.hpp"
#include "reconfiguration.hpp"
#include "requests.hpp"
#include "roster.hpp"
#include "seen_requests.hpp"
#include "slot_log.hpp"
#include "snapshots.hpp"
#include "staleness.hpp"
#include "transfer.hpp"

namespace bulwark::consensus {

/// Wires the roles of a replica: hands each event to the role that it is for, then lets all roles draw their
/// conclusions in a fixed order (settle).
struct replica::state {
  state(replica_options wanted, recovered_state recovered, instant start);
  state(const state&) = delete;
  state& operator=(const state&) = delete;

  void step(event&& what, instant at, std::vector<effect>& effects);

  void on(received& what);
  void on(tick&);
  void on(persisted& what) { out.persisted(what.number); }
  void on(storage_state& what) { writable = what.writable; }
  void on(link_state& what);
  void on(peer_silence& what);
  void on(client_request& what);
  void on(client_requests& what) {
    for (auto& one : what.requests) on(one);
  }
  void on(fetched& what);
  void on(replied& what);
  void on(snapshot_saved& what) { snapshots.on_saved(what); }
  void on(snapshot_piece_stored& what);
  void on(restored& what);
  void on(snapshot_fetched& what);
  void on(transfer& what);
  void on(change_members& what);

  // Messages; `from` is the index of the sender, which is a member.
  void on(std::size_t from, beat& what);
  void on(std::size_t from, beat_ack& what);
  void on(std::size_t from, prepare& what);
  void on(std::size_t from, promise& what) { proposer.on_promise(from, std::move(what)); }
  void on(std::size_t from, accept& what);
  void on(std::size_t from, accepted& what) { proposer.on_accepted(from, what); }
  void on(std::size_t from, refused& what);
  void on(std::size_t from, chosen_up_to& what);
  void on(std::size_t from, learn& what) { teaching.on_learn(from, what); }
  void on(std::size_t from, learned& what);
  void on(std::size_t from, confirm& what);
  void on(std::size_t from, confirmed& what) { reading.on_confirmed(from, what); }
  void on(std::size_t from, forward& what);
  void on(std::size_t from, forward_reply& what);
  void on(std::size_t from, snapshot_ask& what) { snapshots.on_ask(from, what); }
  void on(std::size_t from, snapshot_chunk& what);
  void on(std::size_t from, take_over& what);
  void on(std::size_t from, rest& what);
  void on(std::size_t from, resting& what);
  void on(std::size_t from, vouch& what) { reading.add({group.at(from), what}); }
  void on(std::size_t from, vouched& what);

  /// Whether the event ends the quiet of a group, or keeps it from falling quiet.
  [[nodiscard]] bool stirs(const event& what) const;
  [[nodiscard]] bool stirs(const envelope& what) const;
  /// There is nothing to do, and nothing to wait for.
  [[nodiscard]] bool is_idle() const;
  /// The same of a leader, for its whole group.
  [[nodiscard]] bool leads_idle_group() const;

  void on_interval();
  void settle();
  [[nodiscard]] bool may_lead() const;
  void decide_who_leads();
  void replay_and_apply();
  /// If what was chosen says who chooses behind it, that must be known before anything else is decided.
  void apply_configurations();
  void adopt(configuration agreed);
  void emit_apply(slot at, const value& what, bool wants_replies);
  void serve_reads();
  /// Answers a read, or lets it go on if it went by a lease that is over.
  void answer_read(command&& what, bool by_lease, bytes reply);
  /// Answers from the state here if that is fresh enough, and sees to it that it will be.
  void read_stale(client_request&& what);
  void answer_stale(client_request&& what, instant as_of, bytes reply);
  void ask_for_voucher(duration at_most);
  void hand_out(const reads::voucher& what);
  /// The state is becoming that of a snapshot: nothing may be asked of it.
  [[nodiscard]] bool is_torn() const {
    return to_restore != slot::none || restoring || incoming.is_installing();
  }
  /// Lets happen what a lease that was given held up, if it is over.
  void end_given_lease();
  [[nodiscard]] instant given_lease_ends() const { return waits_for_lease ? given.until() : instant::max(); }
  void write_watermark();
  void tell_leader_change();

  void begin_leadership();
  void end_leadership();
  /// A higher ballot than the own one was seen where it counts: in a message that asks this acceptor.
  void give_way_to(ballot under);
  /// The leader of this ballot says that the log is chosen so far.
  void take_watermark(std::size_t from, ballot under, slot chosen);
  bool submit(request_kind kind, command&& what);
  void conclude(const command& what, outcome result, bytes reply) {
    conclude(what, proposer.under(), result, std::move(reply));
  }
  void conclude(const command& what, ballot under, outcome result, bytes reply);
  void give_back(std::vector<command> unproposed);
  [[nodiscard]] bool is_from_leader(std::size_t from, ballot under) const;
  [[nodiscard]] bool is_reached(node_id member) const;
  [[nodiscard]] bool is_own(const command& what) const;
  [[nodiscard]] replica_status status() const;

  /// An effect whose replies are still to come.
  struct awaited_replies {
    std::uint64_t number;
    value applied;    ///< of an apply
    command queried;  ///< of a query
    bool is_query;
    bool by_lease = false;
    ballot under{};                         ///< of the leader that asked for them
    std::optional<client_request> stale{};  ///< a query that goes by as_of
    instant as_of{};                        ///< of the state that is asked
  };

  replica_options options;
  roster group;
  output out;
  slot_log log;
  acceptor memory;
  election ballots;
  leader proposer;
  reads reading;
  staleness aging;
  given_lease given;
  requests own_requests;
  seen_requests seen;         ///< by the own leadership, or the last there was
  seen_requests seen_before;  ///< by the one before: a leader that begins anew hears of both for a while
  snapshot_giver snapshots;
  snapshot_receiver incoming;
  learner learning;
  teacher teaching;
  leadership_transfer moving;
  reconfiguration changing;
  quiet_mode quiet;

  instant now;
  bool writable = true;
  slot to_restore{};         ///< the own snapshot that comes before the replay; none once it is asked for
  bool restoring = false;    ///< it was asked for
  bool replaying = false;    ///< a fetch for the replay is open
  slot watermark_written{};  ///< the last chosen_record
  instant watermark_written_at;
  bool watermark_due = false;  ///< it is to be written at once
  std::uint64_t effects_numbered = 0;
  std::deque<awaited_replies> awaited;
  ballot followed;  ///< as told by the last leader_changed
  std::uint64_t elections = 0;
  bool waits_for_lease = true;  ///< end_given_lease() is still due
  std::uint64_t leased_reads = 0;
  std::uint64_t lapsed_reads = 0;
  std::uint64_t stale_reads = 0;
  std::uint64_t passed_reads = 0;
};

}  // namespace bulwark::consensus
