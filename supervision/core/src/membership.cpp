// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/membership.hpp"

#include <algorithm>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark {

namespace {

constexpr std::size_t member_address_bytes_max = 255;
constexpr std::size_t member_roles_max = 16;
constexpr std::size_t member_role_bytes_max = 64;

bool is_sound_join(const members::join& what) {
  const auto role_is_sound = [](const std::string& role) {
    return !role.empty() && role.size() <= member_role_bytes_max;
  };
  return what.life.node != 0 && what.life.incarnation != 0 &&
         what.address.size() <= member_address_bytes_max && what.roles.size() <= member_roles_max &&
         std::all_of(what.roles.begin(), what.roles.end(), role_is_sound);
}

/// Whose word stands: those that spoke since the latest refutation.
std::vector<std::uint32_t> standing_accusers(const member& of) {
  std::vector<std::uint32_t> standing;
  for (const auto& [observer, round] : of.accusers)
    if (round == of.round) standing.push_back(observer);
  return standing;
}

/// Of whom a command speaks, to tell the sender what is known of it.
std::uint32_t subject_of(const members::command& what) {
  struct reader {
    std::uint32_t operator()(const members::join& x) const { return x.life.node; }
    std::uint32_t operator()(const members::ready& x) const { return x.life.node; }
    std::uint32_t operator()(const members::accuse& x) const { return x.observer.node; }
    std::uint32_t operator()(const members::withdraw& x) const { return x.observer.node; }
    std::uint32_t operator()(const members::refute& x) const { return x.life.node; }
    std::uint32_t operator()(const members::drain& x) const { return x.life.node; }
    std::uint32_t operator()(const members::leave& x) const { return x.life.node; }
    std::uint32_t operator()(const members::remove& x) const { return x.node; }
    std::uint32_t operator()(const members::set_rules&) const { return 0; }
  };
  return std::visit(reader{}, what);
}

}  // namespace

membership::membership() : ring_{rules_.observers} {}

membership_result membership::apply(const members::command& what, change_list& changes) {
  const auto error = std::visit([&](const auto& one) { return on(one, changes); }, what);
  const auto* known = find(subject_of(what));
  return {error, view_, known ? known->life.incarnation : 0};
}

const member* membership::find(std::uint32_t node) const {
  const auto found = members_.find(node);
  return found == members_.end() ? nullptr : &found->second;
}

membership_error membership::check(const node_life& life) const {
  const auto* known = find(life.node);
  if (!known)
    return life.incarnation <= forgotten_up_to_ ? membership_error::fenced : membership_error::unknown_node;
  if (life.incarnation > known->life.incarnation) return membership_error::unknown_node;
  if (life.incarnation < known->life.incarnation || !known->is_live()) return membership_error::fenced;
  return membership_error::none;
}

std::vector<std::uint32_t> membership::observers_of(std::uint32_t node) const {
  return ring_.observers_of(node);
}

std::vector<std::uint32_t> membership::subjects_of(std::uint32_t node) const {
  return ring_.contains(node) ? ring_.subjects_of(node) : std::vector<std::uint32_t>{};
}

bool membership::observes(std::uint32_t observer, std::uint32_t subject) const {
  const auto observers = ring_.observers_of(subject);
  return std::find(observers.begin(), observers.end(), observer) != observers.end();
}

std::size_t membership::accusers_needed(std::uint32_t node) const {
  const auto observers = ring_.observers_of(node).size();
  return observers == 0 ? 0 : std::min<std::size_t>(rules_.threshold, observers / 2 + 1);
}

// -- coming and going -----------------------------------------------------------------------------

membership_error membership::on(const members::join& what, change_list& changes) {
  if (!is_sound_join(what)) return membership_error::bad_argument;
  const auto error = check(what.life);
  if (error != membership_error::unknown_node) return error;
  auto found = members_.find(what.life.node);
  if (found == members_.end()) {
    if (members_.size() >= rules_.members_max && !make_room()) return membership_error::full;
    found = members_.emplace(what.life.node, member{}).first;
    found->second.state = member_state::removed;
  }
  auto& comer = found->second;
  if (comer.is_live()) end_life(comer, down_cause::replaced, changes);
  member fresh;
  fresh.life = what.life;
  fresh.state = comer.state;
  fresh.address = what.address;
  fresh.roles = what.roles;
  std::sort(fresh.roles.begin(), fresh.roles.end());
  fresh.roles.erase(std::unique(fresh.roles.begin(), fresh.roles.end()), fresh.roles.end());
  comer = std::move(fresh);
  ring_.insert(comer.life.node);
  change_state(comer, member_state::joining, changes);
  reconsider(changes);
  return membership_error::none;
}

bool membership::make_room() {
  auto oldest = members_.end();
  for (auto one = members_.begin(); one != members_.end(); ++one)
    if (one->second.state == member_state::removed &&
        (oldest == members_.end() || one->second.since < oldest->second.since))
      oldest = one;
  if (oldest == members_.end()) return false;
  forgotten_up_to_ = std::max(forgotten_up_to_, oldest->second.life.incarnation);
  members_.erase(oldest);
  return true;
}

membership_error membership::on(const members::ready& what, change_list& changes) {
  if (const auto error = check(what.life); error != membership_error::none) return error;
  auto& of = members_.at(what.life.node);
  of.ready = true;
  settle(of, changes);
  return membership_error::none;
}

membership_error membership::on(const members::drain& what, change_list& changes) {
  if (const auto error = check(what.life); error != membership_error::none) return error;
  auto& of = members_.at(what.life.node);
  of.draining = true;
  settle(of, changes);
  return membership_error::none;
}

membership_error membership::on(const members::leave& what, change_list& changes) {
  if (const auto error = check(what.life); error != membership_error::none) return error;
  end_life(members_.at(what.life.node), down_cause::left, changes);
  reconsider(changes);
  return membership_error::none;
}

membership_error membership::on(const members::remove& what, change_list& changes) {
  const auto found = members_.find(what.node);
  if (found == members_.end()) return membership_error::unknown_node;
  if (found->second.is_live()) return membership_error::still_live;
  change_state(found->second, member_state::removed, changes);
  return membership_error::none;
}

membership_error membership::on(const members::set_rules& what, change_list& changes) {
  if (!what.rules.validate().empty()) return membership_error::bad_argument;
  if (what.rules.members_max < members_.size()) return membership_error::full;
  rules_ = what.rules;
  ring_ = observer_ring{rules_.observers};
  for (const auto& [node, one] : members_)
    if (one.is_live()) ring_.insert(node);
  reconsider(changes);
  return membership_error::none;
}

// -- evidence -------------------------------------------------------------------------------------

membership_error membership::on(const members::accuse& what, change_list& changes) {
  if (const auto error = check(what.observer); error != membership_error::none) return error;
  if (check(what.subject) != membership_error::none) return membership_error::subject_gone;
  if (!observes(what.observer.node, what.subject.node)) return membership_error::not_observer;
  auto& of = members_.at(what.subject.node);
  if (what.round != of.round) return membership_error::stale_round;
  of.accusers[what.observer.node] = what.round;
  settle(of, changes);
  if (!of.is_live()) reconsider(changes);
  return membership_error::none;
}

membership_error membership::on(const members::withdraw& what, change_list& changes) {
  if (const auto error = check(what.observer); error != membership_error::none) return error;
  if (check(what.subject) != membership_error::none) return membership_error::subject_gone;
  auto& of = members_.at(what.subject.node);
  if (of.accusers.erase(what.observer.node) == 0) return membership_error::none;
  of.refutations = 0;
  settle(of, changes);
  return membership_error::none;
}

membership_error membership::on(const members::refute& what, change_list& changes) {
  if (const auto error = check(what.life); error != membership_error::none) return error;
  auto& of = members_.at(what.life.node);
  if (what.round != of.round) return membership_error::stale_round;
  if (standing_accusers(of).empty()) return membership_error::not_suspect;
  if (of.refutations >= rules_.refutations_max) return membership_error::refutations_exhausted;
  ++of.refutations;
  ++of.round;
  settle(of, changes);
  return membership_error::none;
}

void membership::reconsider(change_list& changes) {
  bool ended = true;
  while (ended) {
    ended = false;
    for (auto& [node, one] : members_) {
      if (one.accusers.empty()) continue;
      const auto observers = ring_.observers_of(node);
      std::erase_if(one.accusers, [&](const auto& entry) {
        return std::find(observers.begin(), observers.end(), entry.first) == observers.end();
      });
      settle(one, changes);
      ended = ended || !one.is_live();  // then it watches nobody any more: once again for all
    }
  }
}

// -- states ---------------------------------------------------------------------------------------

void membership::settle(member& of, change_list& changes) {
  const auto accusers = standing_accusers(of).size();
  if (accusers > 0 && accusers >= accusers_needed(of.life.node))
    return end_life(of, down_cause::accused, changes);
  auto state = of.ready ? member_state::up : member_state::joining;
  if (of.draining) state = member_state::draining;
  if (accusers > 0) state = member_state::suspect;
  change_state(of, state, changes);
}

void membership::end_life(member& of, down_cause cause, change_list& changes) {
  of.cause = cause;
  if (cause != down_cause::accused) of.accusers.clear();
  ring_.erase(of.life.node);
  change_state(of, member_state::down, changes);
  of.accusers.clear();
}

void membership::change_state(member& of, member_state to, change_list& changes) {
  if (of.state == to) return;
  BULWARK_INVARIANT(of.is_live() || to == member_state::joining || to == member_state::removed);
  membership_change change{++view_, of.life, of.state, to, of.cause, standing_accusers(of)};
  of.state = to;
  of.since = view_;
  if (history_.size() == history_max) history_.pop_front();
  history_.push_back(change);
  changes.push_back(std::move(change));
}

}  // namespace bulwark
