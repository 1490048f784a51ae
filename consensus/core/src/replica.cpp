// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/core/replica.hpp"

#include <algorithm>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"
#include "replica_state.hpp"

namespace bulwark::consensus {
namespace {

/// Losing the watermark costs time at recovery only, so that an idle group need not write it at once.
constexpr duration watermark_idle_write = std::chrono::seconds{1};

/// Enough for every request that may be open at one node, several times over.
std::size_t seen_window(const replica_options& options) {
  return std::max<std::size_t>(1u << 16, 4 * options.waiting_commands);
}

ballot highest_promise(const recovered_state& recovered) {
  auto highest = recovered.promised;
  for (const auto& entry : recovered.entries) highest = std::max(highest, entry.under);
  return highest;
}

configuration first_configuration(const replica_options& options) {
  configuration first;
  first.accept_quorum = options.accept_quorum;
  for (const auto id : options.members) first.nodes.push_back({id, true, {}});
  std::sort(first.nodes.begin(), first.nodes.end(),
            [](const group_node& a, const group_node& b) { return a.id < b.id; });
  return first;
}

}  // namespace

replica::state::state(replica_options wanted, recovered_state recovered, instant start)
    : options{std::move(wanted)},
      group{first_configuration(options), options.self, options.lost.no_vote_up_to},
      out{options.self},
      log{recovered.chosen, options.cached_bytes},
      memory{highest_promise(recovered), {4 * options.window, options.batch_bytes}, log, out},
      ballots{group,
              {options.interval, options.timeout, options.seed, options.priority},
              memory.promised(),
              out,
              start},
      proposer{options, group, log, memory, out},
      reading{group, options.waiting_commands, options.lease, out},
      aging{options.incarnation},
      given{group.voters() > 1 || options.joins || group.withholds_vote() ? options.lease : duration{0},
            start},
      own_requests{options, out,
                   [this](request_kind kind, command&& what) { return submit(kind, std::move(what)); },
                   [this](node_id member) { return is_reached(member); }},
      seen{seen_window(options)},
      seen_before{seen_window(options)},
      snapshots{options, group, recovered.snapshot, recovered.kept, out},
      incoming{options, group, log, out},
      learning{options, group, log, memory, out},
      teaching{options, group, log, snapshots, out},
      moving{options, group, out},
      changing{options, group, out},
      quiet{options, group, out, start},
      now{start},
      to_restore{recovered.snapshot},
      watermark_written{recovered.chosen},
      watermark_written_at{start} {
  ballots.on_ballot({options.lost.no_round_up_to, options.self});
  for (auto& entry : recovered.entries) {
    const bool was_learned = entry.under == ballot{};
    log.put(entry.at, entry.under, std::move(entry.what), 0);
    // Learned as chosen, with everything before it; only the watermark itself was lost.
    if (was_learned && entry.at == next(log.chosen())) log.choose_next();
  }
}

void replica::state::step(event&& what, instant at, std::vector<effect>& effects) {
  BULWARK_INVARIANT(at >= now);
  ballots.discount_stall(std::exchange(now, at), at);
  out.begin_step(effects);
  if (quiet.is_enabled() && stirs(what)) {
    if (quiet.stir(now)) ballots.wake(now);
    ballots.disturb_all();
  }
  std::visit([this](auto& one) { on(one); }, what);
  settle();
  out.end_step();
}

void replica::state::settle() {
  apply_configurations();
  decide_who_leads();
  moving.advance(proposer, ballots, log.chosen(), now,
                 [this] { reading.give_lease_back(proposer.under(), log.chosen(), now); });
  if (!moving.pauses()) reading.lease_again();
  proposer.pause(moving.pauses());
  // A snapshot that is about to become the state moves the watermark, which a proposing leader must do alone.
  if (!incoming.is_installing())
    proposer.advance(ballots, now,
                     [this](const command& what) { return !is_own(what) || own_requests.propose(what); });
  replay_and_apply();
  changing.advance(proposer, ballots, now);
  serve_reads();
  incoming.advance(ballots.alive(), now);
  const bool wants_to_learn = proposer.now_in() != leader::phase::proposing;
  if (wants_to_learn && !incoming.is_receiving() && !incoming.is_installing())
    learning.advance(ballots.alive(), now);
  write_watermark();
  log.evict(out.durable());
  tell_leader_change();
}

// -- leadership --------------------------------------------------------------------------------------

bool replica::state::may_lead() const {
  return writable && !log.must_replay() && group.is_voter(group.self()) && given.allows(options.self, now);
}

void replica::state::decide_who_leads() {
  switch (ballots.decide(now, may_lead(), log.chosen(), moving.successor())) {
    case election::decision::take_over: begin_leadership(); break;
    case election::decision::step_down: end_leadership(); break;
    case election::decision::none: break;
  }
  own_requests.follow(ballots.followed(), now);
}

void replica::state::begin_leadership() {
  if (proposer.now_in() != leader::phase::idle) end_leadership();  // it goes on under a higher ballot
  std::swap(seen, seen_before);
  seen.begin(ballots.own());
  proposer.take_over(ballots.own(), now);
}

void replica::state::end_leadership() {
  auto left = proposer.step_down();
  for (const auto& proposed : left.in_flight)
    for (const auto& one : proposed.commands) conclude(one, outcome::unknown, {});
  give_back(std::move(left.waiting));
  give_back(reading.drain());
}

void replica::state::give_way_to(ballot under) {
  ballots.on_ballot(under);
  if (!ballots.leads() || under <= ballots.own()) return;
  ballots.step_down();
  end_leadership();
}

void replica::state::tell_leader_change() {
  if (ballots.followed() == followed) return;
  followed = ballots.followed();
  if (followed != ballot{}) ++elections;
  out.emit(leader_changed{followed});
}

// -- the log -----------------------------------------------------------------------------------------

void replica::state::take_watermark(std::size_t from, ballot under, slot chosen) {
  if (proposer.now_in() == leader::phase::proposing) return;
  log.choose_accepted(chosen, under);
  learning.hint(from, chosen, true);
}

void replica::state::replay_and_apply() {
  if (to_restore != slot::none) {
    restoring = true;
    return out.emit(restore_snapshot{std::exchange(to_restore, slot::none)});
  }
  if (restoring || incoming.is_installing()) return;
  if (log.must_replay()) {
    if (!std::exchange(replaying, true))
      out.emit(fetch{options.self, next(log.applied()), previous(log.first()), options.learn_bytes});
    return;
  }
  while (log.applied() < log.chosen()) {
    const auto at = next(log.applied());
    const auto& what = log.find(at)->what;
    emit_apply(at, what, proposer.proposed_for_clients(at) && !what.commands.empty());
  }
}

void replica::state::emit_apply(slot at, const value& what, bool wants_replies) {
  const bool configures = is_configuration(what);
  out.emit(apply{++effects_numbered, at, configures ? value{} : what, wants_replies && !configures});
  if (wants_replies && !configures)
    awaited.push_back({effects_numbered, what, {}, false, false, proposer.under()});
  log.count_applied();
  if (configures)
    if (auto agreed = configuration_in(what, at))
      // What a deposed leader made of an older group would undo the changes since: it is void, for all alike.
      adopt(agreed->base == group.current().at ? *std::move(agreed) : group.current());
  snapshots.on_applied(at, what);
}

void replica::state::apply_configurations() {
  if (log.must_replay() || restoring || incoming.is_installing()) return;
  for (auto at = next(log.applied()); at <= log.chosen(); at = next(at))
    if (is_configuration(log.find(at)->what)) return replay_and_apply();
}

void replica::state::adopt(configuration agreed) {
  const auto forgotten = group.adopt(std::move(agreed));
  for (const auto index : forgotten) {
    learning.forget(index);
    teaching.forget(index);
    snapshots.forget(index);
  }
  ballots.on_members_changed(forgotten, now);
  watermark_due = true;
  out.emit(configured{group.current()});
  changing.on_adopted();
  if (!ballots.leads()) return;
  // As said under this ballot, it counts for what they accepted under it, so that they need not ask.
  proposer.tell_chosen(ballots);
  if (may_lead()) {
    // Others choose from here on: nothing may be proposed to them before a majority of them has promised.
    ballots.raise_own();
    return begin_leadership();
  }
  ballots.step_down();
  end_leadership();
}

void replica::state::on(snapshot_piece_stored& what) {
  // While it was stored, this replica may have begun to propose: then chosen moves by its own accepts only.
  incoming.on_stored(what, proposer.now_in() != leader::phase::proposing, now);
}

void replica::state::on(restored& what) {
  if (what.at == slot::none) return incoming.on_restored();
  if (!std::exchange(restoring, false)) {
    incoming.on_restored();
    snapshots.on_installed(what.at);
  }
  log.jump_to(what.at);
  if (!what.group.nodes.empty()) adopt(std::move(what.group));
}

void replica::state::on(transfer& what) {
  if (changing.is_running())
    return out.emit(transferred{what.number, transfer_outcome::busy, ballots.followed().node});
  moving.begin(what, ballots, now);
}

void replica::state::on(change_members& what) {
  changing.begin(what, ballots, proposer, log.chosen(), moving.pauses(), now);
}

void replica::state::on(snapshot_fetched& what) {
  if (const auto peer = group.index_of(what.peer))
    snapshots.on_fetched(*peer, std::move(what.part), log.chosen());
}

void replica::state::on(fetched& what) {
  if (what.peer != options.self) {
    if (const auto peer = group.index_of(what.peer)) teaching.on_fetched(*peer, std::move(what.entries));
    return;
  }
  if (!std::exchange(replaying, false)) return;
  BULWARK_INVARIANT(!what.entries.empty());
  for (const auto& entry : what.entries) {
    BULWARK_INVARIANT(entry.at == next(log.applied()) && log.must_replay());
    emit_apply(entry.at, entry.what, false);
  }
}

void replica::state::write_watermark() {
  if (log.chosen() == watermark_written) return;
  const bool soon = watermark_due || now - watermark_written_at >= watermark_idle_write;
  if (!out.has_records() && (!writable || !soon)) return;
  watermark_due = false;
  out.write(chosen_record{log.chosen()});
  watermark_written = log.chosen();
  watermark_written_at = now;
}

// -- the public face ---------------------------------------------------------------------------------

replica_status replica::state::status() const {
  replica_status s;
  if (ballots.leads())
    s.role = proposer.now_in() == leader::phase::proposing ? replica_role::leader : replica_role::candidate;
  else if (!group.is_voter(group.self()))
    s.role = replica_role::learner;
  s.promised = memory.promised();
  s.leader = ballots.followed();
  s.has_quorum = ballots.has_quorum();
  s.quiet = quiet.is_quiet();
  s.chosen = log.chosen();
  s.applied = log.applied();
  s.last = log.last();
  s.kept = snapshots.kept();
  s.in_flight = proposer.in_flight();
  s.waiting = own_requests.size();
  s.elections = elections;
  s.leased_reads = leased_reads;
  s.lapsed_reads = lapsed_reads;
  s.stale_reads = stale_reads;
  s.passed_reads = passed_reads;
  return s;
}

replica::replica(replica_options options, recovered_state recovered, instant now) {
  BULWARK_INVARIANT(options.validate().empty());
  state_ = std::make_unique<state>(std::move(options), std::move(recovered), now);
}
replica::~replica() = default;
replica::replica(replica&&) noexcept = default;
replica& replica::operator=(replica&&) noexcept = default;

void replica::step(event what, instant now, std::vector<effect>& effects) {
  state_->step(std::move(what), now, effects);
}

instant replica::next_wakeup() const {
  return std::min({state_->ballots.next_wakeup(), state_->own_requests.next_deadline(),
                   state_->moving.next_deadline(), state_->changing.next_deadline(),
                   state_->given_lease_ends()});
}

replica_status replica::status() const { return state_->status(); }
const replica_options& replica::options() const { return state_->options; }
const configuration& replica::group() const { return state_->group.current(); }
ballot replica::promised() const { return state_->memory.promised(); }

std::vector<accepted_entry> replica::accepted_entries() const {
  std::vector<accepted_entry> entries;
  for (auto at = state_->log.first(); at <= state_->log.last(); at = next(at))
    if (const auto* held = state_->log.find(at)) entries.push_back({at, held->under, held->what});
  return entries;
}

}  // namespace bulwark::consensus
