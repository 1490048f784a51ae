// SPDX-License-Identifier: BSD-3-Clause
#include "membership_world.hpp"

#include <algorithm>

#include "simulated_node.hpp"

namespace bulwark::test {

namespace {

using namespace std::chrono_literals;

constexpr duration control_interval = 10ms;
/// How long nobody leads after a leader was lost.
constexpr duration election = 500ms;
constexpr duration commit_min = 1ms;
constexpr duration commit_max = 5ms;
/// Notices of what committed meanwhile go out together.
constexpr duration notice_delay = 5ms;
/// A node counts as healthy that long after its fault is over.
constexpr duration convalescence = 2s;

}  // namespace

membership_world::membership_world(const world_options& options)
    : options_{options},
      random_{options.seed},
      group_{options.nodes},
      faults_(options.nodes + 1),
      since_(options.nodes + 1) {
  leader_seen_ = now_;
  for (std::uint32_t i = 0; i <= options_.nodes; ++i) {
    nodes_.push_back(i == 0 ? nullptr : std::make_unique<simulated_node>(*this, i));
    faults_[i].healthy_since = now_ - convalescence;
  }
  for (std::uint32_t i = 0; i < std::min(options_.replicas, options_.nodes); ++i)
    replicas_.push_back(std::make_unique<membership_group>());
  replica_at_.resize(replicas_.size());
  found_group();
  for (std::uint32_t i = 1; i <= options_.nodes; ++i) nodes_[i]->boot(1);
  packet timer;
  timer.what = packet_kind::control;
  later(control_interval, timer);
}

membership_world::~membership_world() = default;

/// The world begins with all nodes up.
void membership_world::found_group() {
  const auto commit_first = [&](const group_command& what, bool is_last = false) {
    group_changes changes;
    group_.commit(encode(what), changes, is_last);
  };
  commit_first(members::command{members::set_rules{options_.rules}});
  for (std::uint32_t i = 1; i <= options_.nodes; ++i) {
    commit_first(members::command{members::join{{i, 1}, "simulated:1", {}}});
    commit_first(members::command{members::ready{{i, 1}}});
  }
  for (std::uint32_t i = 0; i < options_.children; ++i)
    commit_first(placing::command{placing::place{child_of(i)}});
  commit_first(members::command{members::ready{{1, 1}}}, true);
  view_seen_.assign(group_.latest()->view + 1, now_);
}

void membership_world::run_for(duration length) {
  const auto end = now_ + length;
  while (!queue_.empty() && queue_.front().at <= end && violation_.empty()) {
    std::pop_heap(queue_.begin(), queue_.end());
    auto next = std::move(queue_.back());
    queue_.pop_back();
    now_ = next.at;
    ++events_;
    deliver(next.what);
  }
  now_ = std::max(now_, end);
  if (violation_.empty()) check_replicas();
}

// -- the network ----------------------------------------------------------------------------------

void membership_world::push(instant at, packet what) {
  queue_.push_back({at, ++order_, std::move(what)});
  std::push_heap(queue_.begin(), queue_.end());
}

void membership_world::later(duration after, packet what) { push(now_ + after, std::move(what)); }

bool membership_world::reaches(std::uint32_t from, std::uint32_t to) const {
  if (from == to) return true;
  const auto is_off = [&](const node_faults& of) {
    return of.flaps > duration::zero() && now_.time_since_epoch() / of.flaps % 2 == 1;
  };
  const auto& sender = faults_[from];
  const auto& receiver = faults_[to];
  return !sender.mute && !receiver.deaf && sender.side == receiver.side && !is_off(sender) &&
         !is_off(receiver) && (cuts_.empty() || !cuts_.contains(std::minmax(from, to)));
}

void membership_world::send(packet what) {
  ++sent_[static_cast<std::size_t>(what.what)];
  if (!reaches(what.from, what.to)) return;
  if (what.from != what.to && random_.next01() < options_.loss) return;
  const auto spread = static_cast<double>((options_.delay_max - options_.delay_min).count());
  const auto delay = options_.delay_min + duration{static_cast<duration::rep>(random_.next01() * spread)};
  push(now_ + delay, std::move(what));
}

bool membership_world::runs(std::uint32_t node) const {
  return nodes_[node]->is_alive() && !faults_[node].paused;
}

void membership_world::deliver(packet& what) {
  if (what.what == packet_kind::control && what.to == 0) return control();
  auto& node = *nodes_[what.to];
  if (what.what == packet_kind::control) {
    // A launcher starts the process that follows one that was fenced.
    if (!node.is_alive() && node.boots() == what.boot) node.boot(node.life().incarnation + 1);
    return;
  }
  if (what.what == packet_kind::commit) return commit(what);
  if (!node.is_alive() || (what.boot != 0 && what.boot != node.boots())) return;
  if (faults_[what.to].paused) return node.hold(what);
  switch (what.what) {
    case packet_kind::poll:
    case packet_kind::command:
    case packet_kind::confirm: return lead(what);
    case packet_kind::take_over: return take_over(what);
    default: return node.take(what);
  }
}

// -- the group ------------------------------------------------------------------------------------

bool membership_world::leads_a_majority(std::uint32_t node) const {
  if (!runs(node)) return false;
  std::uint32_t reached = 0;
  for (std::uint32_t voter = 1; voter <= options_.voters; ++voter)
    if (runs(voter) && reaches(node, voter) && reaches(voter, node)) ++reached;
  return reached * 2 > options_.voters;
}

void membership_world::elect() {
  if (leads_a_majority(leader_)) {
    leader_seen_ = now_;
    return;
  }
  if (now_ - leader_seen_ < election) return;
  for (std::uint32_t voter = 1; voter <= options_.voters; ++voter) {
    if (!leads_a_majority(voter)) continue;
    leader_ = voter;
    leader_seen_ = now_;
    return;
  }
}

/// What the leader does with what comes to it. It answers from the state of the group only while it leads.
void membership_world::lead(const packet& what) {
  if (what.to != leader_ || !leads_a_majority(leader_)) return;
  packet answer;
  answer.from = leader_;
  answer.to = what.from;
  answer.number = what.number;
  answer.asked = what.asked;
  if (what.what == packet_kind::poll) {
    answer.what = packet_kind::notice;
    if (what.number < group_.log().size()) send(std::move(answer));
  } else if (what.what == packet_kind::confirm) {
    const auto name = placement::child_name(child_of(static_cast<std::uint32_t>(what.number)));
    answer.what = packet_kind::confirmed;
    answer.token = what.token;
    answer.yes = group_.state().names().check(name, what.token) == registry_error::none;
    send(std::move(answer));
  } else {
    auto decided = what;
    decided.what = packet_kind::commit;
    const auto spread = static_cast<double>((commit_max - commit_min).count());
    later(commit_min + duration{static_cast<duration::rep>(random_.next01() * spread)}, std::move(decided));
  }
}

/// Whoever is told to lead is elected by those whom it reaches.
void membership_world::take_over(const packet& what) {
  if (what.from != leader_ || !leads_a_majority(what.to)) return;
  leader_ = what.to;
  leader_seen_ = now_;
  ++handovers_;
}

void membership_world::commit(const packet& what) {
  if (!leads_a_majority(leader_)) return;
  group_changes changes;
  packet answer;
  answer.what = packet_kind::reply;
  answer.from = leader_;
  answer.to = what.from;
  answer.boot = nodes_[what.from]->boots();
  answer.number = what.number;
  answer.asked = what.asked;
  answer.subject = what.subject;
  answer.token = what.token;
  answer.bytes = std::make_shared<const std::string>(group_.commit(*what.bytes, changes));
  if (!group_.violation().empty()) complain(group_.violation());
  for (const auto& change : changes.members) record(change);
  for (const auto& change : changes.names) takeovers_ += change.what == name_event::granted ? 1 : 0;
  const auto result = decode_group_result(*answer.bytes).value();
  if (const auto* said = std::get_if<membership_result>(&result))
    fenced_ += said->error == membership_error::fenced ? 1 : 0;
  send(std::move(answer));
  notice_due_ = true;
}

void membership_world::record(const membership_change& change) {
  view_seen_.resize(change.view + 1, now_);
  suspicions_ += change.to == member_state::suspect ? 1 : 0;
  if (change.to != member_state::down || change.cause != down_cause::accused) return;
  const auto node = change.life.node;
  down_record one{.life = change.life, .view = change.view};
  one.was_dead = !nodes_[node]->is_alive() || nodes_[node]->life() != change.life;
  one.was_healthy =
      !one.was_dead && !faults_[node].any() && now_ - faults_[node].healthy_since >= convalescence;
  one.since = since_[node];
  one.decided = now_;
  downs_.push_back(one);
}

void membership_world::saw_view(std::uint64_t from, std::uint64_t to) {
  if (from == 0) return;  // a new process
  for (auto view = from + 1; view <= to; ++view) view_seen_[view] = now_;
}

// -- what goes on every 10 ms -----------------------------------------------------------------------

void membership_world::control() {
  packet timer;
  timer.what = packet_kind::control;
  later(control_interval, timer);
  elect();
  feed_replicas();
  check_owners();
  if (!notice_due_ || !leads_a_majority(leader_)) return;
  notice_due_ = false;
  packet notice;
  notice.what = packet_kind::notice;
  notice.from = leader_;
  for (std::uint32_t node = 1; node <= options_.nodes; ++node) {
    notice.to = node;
    send(notice);
  }
}

void membership_world::check_owners() {
  std::map<std::uint32_t, std::uint32_t> owners;
  for (std::uint32_t node = 1; node <= options_.nodes; ++node) {
    if (!runs(node)) continue;
    for (const auto child : nodes_[node]->acting(now_))
      if (const auto [owner, is_only] = owners.emplace(child, node); !is_only)
        complain(child_of(child) + " acts on n" + std::to_string(owner->second) + " and n" +
                 std::to_string(node));
  }
  running_ = static_cast<std::uint32_t>(owners.size());
}

/// Replicas come along at their own pace, and now and then start anew from another's snapshot.
void membership_world::feed_replicas() {
  for (std::size_t i = 0; i < replicas_.size(); ++i) {
    const auto& log = group_.log();
    auto last = std::min<std::uint64_t>(log.size(), replica_at_[i] + random_.below(64));
    if (random_.below(2000) == 0) {
      const auto other = random_.below(replicas_.size());
      auto fresh = std::make_unique<membership_group>();
      if (!fresh->restore(replicas_[other]->save())) complain("a snapshot cannot be restored");
      replicas_[i] = std::move(fresh);
      last = replica_at_[i] = replica_at_[other];
    }
    for (; replica_at_[i] < last; ++replica_at_[i]) {
      group_changes changes;
      replicas_[i]->apply(log[replica_at_[i]], changes);
    }
  }
}

void membership_world::check_replicas() {
  const auto expected = group_.state().save();
  for (std::size_t i = 0; i < replicas_.size(); ++i) {
    for (; replica_at_[i] < group_.log().size(); ++replica_at_[i]) {
      group_changes changes;
      replicas_[i]->apply(group_.log()[replica_at_[i]], changes);
    }
    if (replicas_[i]->save() != expected) complain("replica " + std::to_string(i) + " differs");
  }
}

void membership_world::complain(const std::string& text) {
  if (!violation_.empty()) return;
  const std::chrono::duration<double> at = now_.time_since_epoch() - 1h;
  violation_ = "seed " + std::to_string(options_.seed) + ", " + std::to_string(at.count()) + " s: " + text;
}

}  // namespace bulwark::test
