// SPDX-License-Identifier: BSD-3-Clause
#include "election.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark::consensus {

election::election(const roster& group, timing times, ballot promised, output& out, instant now)
    : roster_{group},
      times_{times},
      out_{out},
      random_{times.seed},
      peers_(node_set::capacity),
      round_ends_{now},
      round_max_{promised.round},
      own_{0, group.at(group.self())},
      leader_{promised} {
  alive_.add(roster_.self());
}

void election::discount_stall(instant previous, instant now) {
  const auto due = std::max(previous, next_wakeup());
  if (now <= due) return;
  const auto late = now - due;
  if (late < times_.interval / 4 || late > times_.interval + times_.timeout) return;
  for (auto& p : peers_) p.at += late;
}

bool election::on_tick(instant now) {
  if (quiet_) return false;
  if (now < round_ends_) {
    if ((take_over_at_ && now >= *take_over_at_) || now > leader_silent_after()) changed_ = true;
    return false;
  }
  round_over_ = round_ > 0;
  changed_ = true;
  begin_round(now);
  return true;
}

void election::begin_round(instant now) {
  ++round_;
  round_ends_ = now + times_.interval;
  // Also to those whose link is said to be lost: an answer shows that it is not. And to outsiders: they may
  // know that they are none any more.
  for (std::size_t i = 0; i < roster_.size(); ++i)
    if (i != roster_.self() && !left_alone_.has(i)) out_.post(roster_.at(i), beat{round_});
}

void election::on_beat(node_id from, const beat& what, slot chosen) {
  auto& p = peers_[*roster_.index_of(from)];
  p.asked = what.round;
  out_.post(from, answer_to(p, chosen));
}

beat_ack election::answer_to(const peer& p, slot chosen) const {
  return {p.asked, own_, leader_, content_, chosen, times_.priority};
}

void election::on_beat_ack(node_id from, const beat_ack& what, instant now) {
  auto& p = peers_[*roster_.index_of(from)];
  on_ballot(what.candidate);
  on_ballot(what.leader);
  if (what.round < p.round || what.round > round_) return;
  if (!p.linked && what.round <= p.lost_in) return;
  p.linked = true;
  p.heard = true;
  p.at = now;
  p.round = what.round;
  p.candidate = what.candidate;
  p.leader = what.leader;
  p.content = what.content;
  p.chosen = std::max(p.chosen, what.chosen);
  p.priority = what.priority;
  changed_ = true;
}

void election::on_link(node_id peer_id, bool up, instant now) {
  const auto index = roster_.index_of(peer_id);
  if (!index || *index == roster_.self()) return;
  auto& p = peers_[*index];
  if (up) {
    p.linked = true;
    out_.post(peer_id, beat{round_});
  } else if (p.linked) {
    p.linked = false;
    p.lost_in = round_;
    p.heard = false;  // what it said before is worth nothing once it is back
    p.content = false;
    begin_round(now);
  }
  changed_ = true;
}

void election::on_silence(node_id peer_id, bool silent, instant now) {
  const auto index = roster_.index_of(peer_id);
  if (!index || *index == roster_.self()) return;
  auto& p = peers_[*index];
  if (std::exchange(p.silent, silent) == silent) return;
  if (silent) {
    p.heard = false;  // if that was wrong, its answer to the next round shows it
    p.content = false;
    begin_round(now);
  }
  changed_ = true;
}

void election::wake(instant now) {
  quiet_ = false;
  disturb_all();
  for (auto& p : peers_)
    if (p.heard) p.at = now;
  begin_round(now);
  changed_ = true;
}

bool election::is_known(std::size_t index, const beat_ack& what) const {
  const auto& p = peers_[index];
  return p.heard && p.linked && p.candidate == what.candidate && p.leader == what.leader &&
         p.content == what.content && p.chosen == what.chosen;
}

void election::on_leader(ballot under, instant now) {
  auto& p = peers_[*roster_.index_of(under.node)];
  on_ballot(under);
  p.at = now;
  if (under <= leader_ && p.heard && p.candidate >= under) return;
  // It could not have sent this without a majority behind it; its own word on that is still on the way.
  p.heard = true;
  p.candidate = std::max(p.candidate, under);
  p.leader = std::max(p.leader, under);
  p.content = true;
  leader_ = std::max(leader_, under);
  changed_ = true;
}

void election::on_promised(ballot seen) {
  on_ballot(seen);
  if (seen <= leader_) return;
  leader_ = seen;
  changed_ = true;
}

void election::on_ballot(ballot seen) { round_max_ = std::max(round_max_, seen.round); }

bool election::is_alive(const peer& p, instant now) const {
  return p.heard && p.linked && !is_silent(p, now);
}

instant election::leader_silent_after() const {
  if (leads_ || !content_) return instant::max();
  const auto index = roster_.index_of(leader_.node);
  return index ? silent_after(peers_[*index]) : instant::max();
}

/// Of those who were heard at all, nobody waits for one that has fallen silent.
bool election::all_answered(instant now) const {
  for (std::size_t i = 0; i < roster_.size(); ++i) {
    const auto& p = peers_[i];
    if (is_other_voter(i) && p.linked && !is_silent(p, now) && p.round < round_) return false;
  }
  return true;
}

void election::adopt_highest() {
  if (!roster_.is_member(roster_.self())) return adopt_content();
  for (std::size_t i = 0; i < roster_.size(); ++i) {
    if (!roster_.is_peer(i) || !alive_.has(i)) continue;
    for (const auto& seen : {peers_[i].candidate, peers_[i].leader})
      if (seen.round > 0) leader_ = std::max(leader_, seen);
  }
}

/// Nobody raises a ballot for an outsider, whatever it led or promised before.
void election::adopt_content() {
  leader_ = {};
  for (std::size_t i = 0; i < roster_.size(); ++i)
    if (alive_.has(i) && is_other_voter(i) && peers_[i].content)
      leader_ = std::max(leader_, peers_[i].leader);
}

bool election::is_content() const {
  if (leads_) {
    node_set followers;
    followers.add(roster_.self());
    for (std::size_t i = 0; i < roster_.size(); ++i)
      if (i != roster_.self() && alive_.has(i) && peers_[i].leader <= own_) followers.add(i);
    return roster_.may_choose(followers);
  }
  const auto owner = roster_.index_of(leader_.node);
  if (!owner || *owner == roster_.self() || !alive_.has(*owner)) return false;
  return peers_[*owner].candidate == leader_ && peers_[*owner].content;
}

bool election::sees_content_peer() const {
  for (std::size_t i = 0; i < roster_.size(); ++i)
    if (is_other_voter(i) && alive_.has(i) && peers_[i].content) return true;
  return false;
}

/// Somebody follows a higher ballot, and reaches its leader.
bool election::sees_rival() const {
  for (std::size_t i = 0; i < roster_.size(); ++i)
    if (is_other_voter(i) && alive_.has(i) && peers_[i].content && peers_[i].leader > own_) return true;
  return false;
}

/// The one with the highest priority goes first, and among equals the one that knows most, so that a new
/// leader seldom has to learn before it serves.
duration election::patience(slot chosen) {
  const auto step = times_.interval / 25;
  const std::tuple mine{times_.priority, chosen, roster_.at(roster_.self())};
  duration wait{0};
  for (std::size_t i = 0; i < roster_.size(); ++i)
    if (is_other_voter(i) && alive_.has(i) &&
        std::tuple{peers_[i].priority, peers_[i].chosen, roster_.at(i)} > mine)
      wait += step;
  const auto jitter = random_.next01() * static_cast<double>(step.count());
  return roster_.voters() == 1 ? duration{0} : wait + duration{static_cast<duration::rep>(jitter)};
}

election::decision election::decide(instant now, bool able, slot chosen, node_id successor) {
  if (leads_ && !able) changed_ = true;
  if (!changed_) return decision::none;
  changed_ = false;
  const bool round_over = std::exchange(round_over_, false);
  const bool hurried = std::exchange(hurried_, false) && !leads_ && able;
  const auto before = answer_to({}, {});

  alive_.clear();
  alive_.add(roster_.self());
  for (std::size_t i = 0; i < roster_.size(); ++i)
    if (i != roster_.self() && is_alive(peers_[i], now)) alive_.add(i);
  adopt_highest();

  auto result = decision::none;
  const bool is_succeeded = successor != node_id::none && leader_.node == successor;
  if (leads_ && leader_ != own_ && able && has_quorum() && !sees_rival() && !is_succeeded) {
    raise_own();
    result = decision::take_over;
  } else if (leads_ && (!able || leader_ != own_ || !is_content())) {
    step_down();
    result = decision::step_down;
  }
  content_ = is_content();
  if (content_ || !able || !has_quorum() || sees_content_peer()) {
    take_over_at_.reset();
  } else if (!take_over_at_ && (round_over || all_answered(now))) {
    take_over_at_ = now + patience(chosen);
  }
  const bool due = take_over_at_ && now >= *take_over_at_;
  if (result == decision::none && (due || (hurried && has_quorum()))) {
    leads_ = true;
    content_ = true;
    raise_own();
    result = decision::take_over;
  }
  if (answer_to({}, {}) != before) tell_all(chosen);
  return result;
}

void election::hurry() {
  hurried_ = true;
  changed_ = true;
}

void election::raise_own() {
  BULWARK_INVARIANT(leads_);
  take_over_at_.reset();
  own_ = {++round_max_, own_.node};
  BULWARK_INVARIANT(own_ > leader_);
  leader_ = own_;
}

void election::step_down() {
  leads_ = false;
  content_ = false;
  changed_ = true;
}

void election::on_members_changed(const std::vector<std::size_t>& forgotten, instant now) {
  for (const auto index : forgotten) peers_[index] = {};
  begin_round(now);
  changed_ = true;
}

void election::tell_all(slot chosen) {
  for (std::size_t i = 0; i < roster_.size(); ++i)
    if (roster_.is_peer(i) && peers_[i].linked) out_.post(roster_.at(i), answer_to(peers_[i], chosen));
}

instant election::next_wakeup() const {
  if (quiet_) return instant::max();
  const auto silent = leader_silent_after();
  const auto next = silent == instant::max() ? round_ends_ : std::min(round_ends_, silent + duration{1});
  return take_over_at_ ? std::min(*take_over_at_, next) : next;
}

}  // namespace bulwark::consensus
