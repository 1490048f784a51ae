// SPDX-License-Identifier: BSD-3-Clause
// What goes wrong in a simulated cluster, and how it is mended.
#include <algorithm>
#include <utility>

#include "simulated_cluster.hpp"

namespace bulwark::test {

using namespace consensus;
using namespace std::chrono_literals;

// -- nodes -------------------------------------------------------------------------------------------

void simulated_cluster::crash(std::size_t which, bool peers_notice) {
  auto& one = *members_[which];
  if (!one.is_up()) return;
  say(to_string(one.id()) + " crashes");
  statistics_.count(happening::crash);
  const auto surviving = random_.below(4) == 0 ? random_.below(one.disk().unsynced() + 1) : 0;
  if (surviving > 0) statistics_.count(happening::survived_unseen);
  if (around_[which].syncing && surviving < one.disk().unsynced()) statistics_.count(happening::torn_write);
  abandon_clients(one);
  statistics_.count(happening::lost_record, one.crash(surviving));
  around_[which] = {};
  if (!peers_notice) return;
  for (std::size_t i = 0; i < size(); ++i)
    if (i != which && is_up(i)) tell_link(i, which, false);
}

void simulated_cluster::restart(std::size_t which) {
  auto& one = *members_[which];
  if (one.is_up()) return;
  say(to_string(one.id()) + " starts");
  if (one.life() > 0) statistics_.count(happening::restart);
  ballots_.on_start(one.id(), one.disk().recover().promised);
  auto replica = options_.replica;
  replica.self = one.id();
  replica.joins = which >= options_.members;
  if (const auto lost = lost_.find(which); lost != lost_.end()) replica.lost = lost->second;
  replica.seed = random_();
  one.start(replica, clock_of(one));
  after_step(which);
  for (std::size_t i = 0; i < size(); ++i)
    if (i != which && is_up(i)) tell_link(i, which, true);
}

void simulated_cluster::pause(std::size_t which, duration how_long) {
  statistics_.count(happening::pause);
  say(to_string(members_[which]->id()) + " pauses");
  around_[which].paused_until = std::max(around_[which].paused_until, now_ + how_long);
}

/// The worst moment for whoever looked at a clock before it read.
bool simulated_cluster::on_query(member& by, std::function<void(member&, instant)> go_on) {
  const auto which = index_of(by.id());
  if (healed_ || random_.next01() >= options_.freezes) return false;
  statistics_.count(happening::freeze);
  say(to_string(by.id()) + " freezes before it reads");
  const auto how_long = draw(1s);
  around_[which].frozen = true;
  around_[which].paused_until = std::max(around_[which].paused_until, now_ + how_long);
  at(how_long, [this, which, life = by.life(), go_on = std::move(go_on)] {
    auto& m = *members_[which];
    if (!m.is_up() || m.life() != life) return;
    around_[which].frozen = false;
    go_on(m, clock_of(m));
    if (m.is_up()) after_step(which);
  });
  return true;
}

void simulated_cluster::jump_clock(std::size_t which, duration how_far) {
  if (!is_up(which)) return;
  statistics_.count(happening::clock_jump);
  if (options_.replica.lease > 0ms) return pause(which, how_far);
  say("the clock of " + to_string(members_[which]->id()) + " jumps");
  around_[which].clock_ahead += how_far;
  in_life(which, 0s, [this](member& m) { m.step(tick{}, clock_of(m)); });
}

void simulated_cluster::transfer_leadership(std::size_t which, std::size_t to) {
  in_life(which, 0s, [this, to](member& m) {
    say(to_string(m.id()) + " is asked to hand over to " + to_string(members_[to]->id()));
    statistics_.count(happening::transfer_asked);
    transfers_.insert(++transfers_begun_);
    m.step(transfer{transfers_begun_, members_[to]->id()}, clock_of(m));
  });
}

void simulated_cluster::on_transferred(member& by, const transferred& what) {
  say(to_string(by.id()) + " transfer: " + to_string(what.result));
  violations_.expect(transfers_.erase(what.number) == 1, "a transfer was answered twice, or never asked for");
  if (what.result == transfer_outcome::moved) statistics_.count(happening::leader_moved);
  if (what.result == transfer_outcome::timed_out) statistics_.count(happening::transfer_timed_out);
}

void simulated_cluster::change_group(std::size_t which, change_members what) {
  if (healed_) return;
  in_life(which, 0s, [this, what](member& m) {
    if (m.core().status().role != replica_role::leader) return;
    auto asked = what;
    asked.number = ++changes_begun_;
    say(to_string(m.id()) + " is asked for change " + std::to_string(static_cast<int>(what.kind)) + " of " +
        to_string(what.node) + " " + to_string(what.by));
    changes_.emplace(asked.number, what.kind);
    m.step(asked, clock_of(m));
  });
}

void simulated_cluster::on_members_changed(member& by, const members_changed& what) {
  say(to_string(by.id()) + " change: " + to_string(what.result));
  const auto asked = changes_.extract(what.number);
  if (asked.empty()) return violations_.add("a change was answered twice, or never asked for");
  if (what.result == change_outcome::lost) return statistics_.count(happening::change_lost);
  if (what.result != change_outcome::changed) return statistics_.count(happening::change_refused);
  check_that_voters_know(by.core().group());
  switch (asked.mapped()) {
    case change_kind::add: return statistics_.count(happening::learner_added);
    case change_kind::promote: return statistics_.count(happening::learner_promoted);
    case change_kind::remove: return statistics_.count(happening::node_removed);
    case change_kind::replace: return statistics_.count(happening::voter_replaced);
  }
}

/// Whatever happens to its disks' caches now, some quorum of the new voters must know that it is one.
void simulated_cluster::check_that_voters_know(const configuration& group) {
  const auto knows = [&](const auto& one) {
    return group.is_voter(one->id()) && one->disk().recover().chosen >= group.at;
  };
  const auto count = std::count_if(members_.begin(), members_.end(), knows);
  violations_.expect(static_cast<std::size_t>(count) >= group.accept_votes(),
                     "a change is in force that a quorum of the new voters may forget");
}

void simulated_cluster::on_configured(member& by, const configuration& group) {
  say(to_string(by.id()) + " goes by " + to_string(group) + " of " + to_string(group.at));
  agreement_.on_configured(by.id(), group);
}

// -- disks -------------------------------------------------------------------------------------------

void simulated_cluster::stall_storage(std::size_t which, duration how_long) {
  if (!is_up(which) || around_[which].stalled_until > now_) return;
  statistics_.count(happening::storage_stall);
  say(to_string(members_[which]->id()) + " storage stalls");
  around_[which].stalled_until = now_ + how_long;
  // A pause may shuffle the two: each tells how things are by then.
  const auto tell = [this, which](member& m) {
    m.step(storage_state{around_[which].is_writable(now_)}, clock_of(m));
  };
  in_life(which, 0s, tell);
  in_life(which, how_long, tell);
}

void simulated_cluster::break_disk(std::size_t which) { around_[which].breaking = is_up(which); }

void simulated_cluster::fill_disk(std::size_t which, duration how_long) {
  if (is_up(which) && around_[which].full_until <= now_) around_[which].full_until = now_ + how_long;
}

bool simulated_cluster::most_go_by(const configuration& group) const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < size(); ++i)
    if (is_up(i) && group.is_voter(id_of(i)) && group_of(i).at == group.at) ++count;
  return count > group.voters() / 2;
}

bool simulated_cluster::rebuild(std::size_t which) {
  if (healed_) return false;
  slot latest{};
  for (std::size_t i = 0; i < size(); ++i)
    if (i != which && is_up(i)) latest = std::max(latest, group_of(i).at);
  for (std::size_t i = 0; i < size(); ++i) {
    if (i == which || !is_up(i) || members_[i]->core().status().role != replica_role::leader) continue;
    if (group_of(i).at != latest || group_of(i).find(id_of(which)) || !most_go_by(group_of(i))) continue;
    const lost_word word{latest, members_[i]->core().status().leader.round};
    crash(which, true);
    say(to_string(id_of(which)) + " loses its log, behind " + to_string(latest));
    auto& bound = lost_[which];
    bound = {std::max(bound.no_vote_up_to, word.no_vote_up_to),
             std::max(bound.no_round_up_to, word.no_round_up_to)};
    members_[which]->lose_log();
    ballots_.on_lost(id_of(which));
    ++rebuilds_;
    return true;
  }
  return false;
}

// -- the network -------------------------------------------------------------------------------------

void simulated_cluster::cut(std::size_t from, std::size_t to) {
  say("cut " + std::to_string(from + 1) + " -> " + std::to_string(to + 1));
  cuts_.insert({from, to});
}

void simulated_cluster::reset_link(std::size_t a, std::size_t b, duration how_long) {
  if (a == b || healed_) return;  // a link that keeps flapping would disturb the proof of liveness
  statistics_.count(happening::link_reset);
  say("reset " + std::to_string(a + 1) + " - " + std::to_string(b + 1));
  for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, a}}) {
    cuts_.insert({from, to});
    tell_link(from, to, false);
    at(how_long, [this, from = from, to = to] {
      cuts_.erase({from, to});
      tell_link(from, to, true);
    });
  }
}

void simulated_cluster::lose_unnoticed(std::size_t which, duration how_long) {
  if (healed_) return;
  statistics_.count(happening::unnoticed_loss);
  say("all but itself notice that " + to_string(members_[which]->id()) + " is lost");
  for (std::size_t other = 0; other < size(); ++other) {
    if (other == which) continue;
    for (const auto& way : {std::pair{which, other}, std::pair{other, which}}) {
      cuts_.insert(way);
      at(how_long, [this, way = way] { cuts_.erase(way); });
    }
    if (is_up(other)) tell_link(other, which, false);
    at(how_long, [this, other, which] {
      if (is_up(other)) tell_link(other, which, true);
    });
  }
}

// -- the end of all faults -------------------------------------------------------------------------------

void simulated_cluster::heal() {
  say("heal");
  healed_ = true;
  options_.loss = 0;
  options_.doubling = 0;
  options_.delay_max = std::min<duration>(options_.delay_max, 5ms);
  options_.sync_max = std::min<duration>(options_.sync_max, 10ms);
  cuts_.clear();
  for (std::size_t i = 0; i < size(); ++i) {
    if (!around_[i].frozen) around_[i].paused_until = now_;
    around_[i].breaking = false;
    restart(i);
    for (std::size_t j = 0; j < size(); ++j)
      if (i != j) tell_link(i, j, true);
  }
}

}  // namespace bulwark::test
