// SPDX-License-Identifier: BSD-3-Clause
#include <optional>
#include <utility>
#include <variant>

#include "replica_state.hpp"

/// What a replica does with each message of a peer.
namespace bulwark::consensus {

namespace {

struct asker {
  ballot under;
  slot chosen{};  ///< as far as it knows
};

/// Who asks for this node's word, on which it will count; none if nobody does.
std::optional<asker> asker_of(const message& what) {
  if (const auto* asked = std::get_if<prepare>(&what)) return asker{asked->under, asked->chosen};
  if (const auto* asked = std::get_if<accept>(&what)) return asker{asked->under, asked->chosen};
  if (const auto* asked = std::get_if<confirm>(&what)) return asker{asked->under, slot::none};
  return std::nullopt;
}

}  // namespace

void replica::state::on(received& what) {
  if (what.what.to != options.self) return;
  // Whoever is not known may belong to the group by what this replica has still to learn.
  const auto from = group.admit(what.what.from);
  if (!from) return;
  // From itself come only the acknowledgements that waited for its own disk.
  const bool own = *from == group.self();
  const bool own_acknowledgement =
      std::holds_alternative<promise>(what.what.what) || std::holds_alternative<accepted>(what.what.what);
  if (own && !own_acknowledgement) return;
  const auto asked = asker_of(what.what.what);
  // It may have promised to leave those ballots behind, and forgotten that. Whoever counts it as a voter
  // again leads by a later round.
  const bool forgotten = asked && asked->under.round <= options.lost.no_round_up_to;
  if (asked && (group.withholds_vote() || forgotten)) return learning.hint(*from, asked->chosen, true);
  std::visit([&](auto& body) { on(*from, body); }, what.what.what);
}

void replica::state::on(link_state& what) {
  ballots.on_link(what.peer, what.up, now);
  if (!what.up) own_requests.give_up_doubts();
}

void replica::state::on(peer_silence& what) {
  ballots.on_silence(what.peer, what.silent, now);
  if (what.silent) own_requests.give_up_doubts();
}

void replica::state::on(tick&) {
  own_requests.on_tick(now);
  if (now >= given_lease_ends()) end_given_lease();
  if (ballots.on_tick(now)) on_interval();
}

void replica::state::on_interval() {
  if (proposer.is_stuck(now) && may_lead()) {
    // Whoever promised that it knows the missing slots is gone. Others accepted them: their promises will
    // tell.
    ballots.raise_own();
    begin_leadership();
  }
  proposer.on_interval(ballots, now);
  reading.on_interval();
  own_requests.on_interval(now);
  moving.on_interval();
  if (!quiet.is_enabled()) return;
  if (quiet.on_interval(ballots, proposer.under(), log.chosen(), leads_idle_group(), now))
    ballots.fall_quiet();
  if (!quiet.is_asking()) ballots.disturb_all();
}

bool replica::state::is_from_leader(std::size_t from, ballot under) const {
  return under.node == group.at(from) && under.round > 0;
}

void replica::state::on(std::size_t from, beat& what) { ballots.on_beat(group.at(from), what, log.chosen()); }

void replica::state::on(std::size_t from, beat_ack& what) {
  if (quiet.is_quiet()) return;  // it says nothing new, else it had ended the quiet
  ballots.on_beat_ack(group.at(from), what, now);
  learning.hint(from, what.chosen, proposer.now_in() == leader::phase::catching_up);
}

void replica::state::on(std::size_t from, prepare& what) {
  if (!is_from_leader(from, what.under) || !writable) return;
  // If one of the two does not vote, as far as is known here, either knows too little of the group: it learns
  // first, and is asked again.
  if (!group.is_voter(group.self()) || !group.is_voter(from)) return learning.hint(from, what.chosen, true);
  if (!given.allows(group.at(from), now)) return given.postpone(what);
  give_way_to(what.under);
  if (memory.on_prepare(group.at(from), what)) ballots.on_leader(what.under, now);
}

void replica::state::on(std::size_t from, accept& what) {
  if (!is_from_leader(from, what.under) || what.first == slot::none) return;
  if (what.governed_by > group.current().at) {
    take_watermark(from, what.under, what.chosen);
    apply_configurations();
  }
  // Whoever accepts for new voters has what made them voters on disk: else a majority of them could start
  // anew without one that knows it. A leader that does not know of its removal gets it acknowledged like all
  // that is chosen: so it comes to know.
  if (writable && what.governed_by <= group.current().at) {
    give_way_to(what.under);
    if (memory.on_accept(group.at(from), what)) ballots.on_leader(what.under, now);
  }
  take_watermark(from, what.under, what.chosen);
}

void replica::state::on(std::size_t, refused& what) { ballots.on_promised(what.promised); }

void replica::state::on(std::size_t from, chosen_up_to& what) {
  if (!is_from_leader(from, what.under)) return;
  if (what.under >= memory.promised()) ballots.on_leader(what.under, now);
  take_watermark(from, what.under, what.chosen);
}

void replica::state::on(std::size_t from, learned& what) {
  // A leader that proposes lets chosen move by its own accepts only; see leader, invariant (3).
  if (proposer.now_in() == leader::phase::proposing || !writable) return;
  learning.on_learned(from, what);
}

void replica::state::on(std::size_t from, snapshot_chunk& what) {
  if (proposer.now_in() == leader::phase::proposing || !writable || log.must_replay()) return;
  learning.on_snapshot(from, what.chosen);
  incoming.on_chunk(from, what, now);
}

void replica::state::on(std::size_t from, take_over& what) {
  if (!is_from_leader(from, what.under) || memory.promised() != what.under) return;
  if (ballots.followed() != what.under || !writable || incoming.is_installing()) return;
  take_watermark(from, what.under, what.chosen);
  // A leader that goes on proposing has given the transfer up: what it has in flight would be in doubt.
  const auto* newest = log.find(log.last());
  const bool late = log.last() > what.chosen && newest && newest->under == what.under;
  if (log.chosen() == what.chosen && !late) ballots.hurry();
}

void replica::state::on(std::size_t from, confirm& what) {
  if (!is_from_leader(from, what.under)) return;
  if (options.lease == duration{0} || what.under < memory.promised())
    return memory.on_confirm(group.at(from), what, {});
  memory.on_confirm(group.at(from), what, given.give(what, now));
  waits_for_lease = true;
  if (what.lease_ms == 0) end_given_lease();
}

void replica::state::end_given_lease() {
  if (!given.is_over(now)) return;
  waits_for_lease = false;
  ballots.reconsider();
  if (auto kept = given.take_postponed()) on(*group.index_of(kept->under.node), *kept);
}

// -- quiet ---------------------------------------------------------------------------------------------

bool replica::state::stirs(const event& what) const {
  if (std::holds_alternative<tick>(what)) return false;
  const auto* came = std::get_if<received>(&what);
  return !came || stirs(came->what);
}

bool replica::state::stirs(const envelope& what) const {
  if (std::holds_alternative<rest>(what.what) || std::holds_alternative<resting>(what.what)) return false;
  const auto from = group.index_of(what.from);
  if (!from) return true;
  // Rounds go on while nothing happens. But who begins one in a group that rests has a reason.
  if (std::holds_alternative<beat>(what.what)) return quiet.is_settled(now);
  if (const auto* told = std::get_if<chosen_up_to>(&what.what))
    return told->under != ballots.followed() || told->chosen != log.chosen();
  if (const auto* ack = std::get_if<beat_ack>(&what.what)) return !ballots.is_known(*from, *ack);
  return true;
}

bool replica::state::is_idle() const {
  const bool log_rests = log.applied() == log.chosen() && watermark_written == log.chosen() && writable;
  const bool nobody_waits = own_requests.size() == 0 && awaited.empty() && !waits_for_lease;
  const bool nothing_comes = !restoring && !replaying && !learning.is_behind() && !incoming.is_receiving() &&
                             !incoming.is_installing();
  return log_rests && nobody_waits && nothing_comes && !moving.pauses() && !changing.is_running();
}

bool replica::state::leads_idle_group() const {
  return is_idle() && proposer.serves() && ballots.followed() == proposer.under() &&
         proposer.in_flight() == 0 && proposer.waiting() == 0 && reading.is_idle();
}

void replica::state::on(std::size_t from, rest& what) {
  if (!quiet.is_enabled() || ballots.leads() || !is_from_leader(from, what.under)) return;
  if (ballots.followed() != what.under || log.chosen() != what.chosen || !is_idle()) return;
  quiet.follow(from, what, now);
  ballots.fall_quiet();
}

void replica::state::on(std::size_t from, resting& what) {
  if (!quiet.is_asking() || !leads_idle_group()) return;
  if (quiet.on_resting(from, what, ballots, proposer.under(), now)) return ballots.fall_quiet();
  if (quiet.has_confirmed(from)) ballots.leave_alone(from, now);
}

}  // namespace bulwark::consensus
