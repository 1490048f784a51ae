// SPDX-License-Identifier: BSD-3-Clause
// The saved form of a membership: version u8 (1), rules, view, members by node, history.
#include <algorithm>
#include <utility>

#include "bulwark/supervision/core/membership.hpp"
#include "membership_bytes.hpp"

namespace bulwark {

namespace {

constexpr std::uint8_t membership_saved_version = 1;

void put_member(byte_writer& out, const member& of) {
  out.put(of.life).put(static_cast<std::uint8_t>(of.state)).put(static_cast<std::uint8_t>(of.cause));
  out.put(static_cast<std::uint8_t>(of.ready)).put(static_cast<std::uint8_t>(of.draining));
  out.put(of.address).put(static_cast<std::uint32_t>(of.roles.size()));
  for (const auto& role : of.roles) out.put(role);
  out.put(of.since).put(of.round).put(of.refutations);
  out.put(static_cast<std::uint32_t>(of.accusers.size()));
  for (const auto& [observer, round] : of.accusers) out.put(observer).put(round);
}

member take_member(byte_reader& in) {
  member of;
  of.life = in.take_life();
  of.state = in.take_enum(member_state::removed);
  of.cause = in.take_enum(down_cause::replaced);
  of.ready = in.take_flag();
  of.draining = in.take_flag();
  of.address = in.take_text();
  for (auto count = in.take_count(sizeof(std::uint32_t)); count > 0; --count)
    of.roles.push_back(in.take_text());
  in.require(std::is_sorted(of.roles.begin(), of.roles.end()));
  of.since = in.take<std::uint64_t>();
  of.round = in.take<std::uint32_t>();
  of.refutations = in.take<std::uint32_t>();
  for (auto count = in.take_count(2 * sizeof(std::uint32_t)); count > 0; --count) {
    const auto observer = in.take<std::uint32_t>();
    in.require(of.is_live() && (of.accusers.empty() || of.accusers.rbegin()->first < observer));
    of.accusers.emplace(observer, in.take<std::uint32_t>());
  }
  return of;
}

void put_change(byte_writer& out, const membership_change& change) {
  out.put(change.view).put(change.life);
  out.put(static_cast<std::uint8_t>(change.from)).put(static_cast<std::uint8_t>(change.to));
  out.put(static_cast<std::uint8_t>(change.cause)).put(static_cast<std::uint32_t>(change.accusers.size()));
  for (const auto accuser : change.accusers) out.put(accuser);
}

membership_change take_change(byte_reader& in) {
  membership_change change;
  change.view = in.take<std::uint64_t>();
  change.life = in.take_life();
  change.from = in.take_enum(member_state::removed);
  change.to = in.take_enum(member_state::removed);
  change.cause = in.take_enum(down_cause::replaced);
  for (auto count = in.take_count(sizeof(std::uint32_t)); count > 0; --count)
    change.accusers.push_back(in.take<std::uint32_t>());
  return change;
}

/// The fewest bytes that a member, and a change, take: bounds what a forged count makes us do.
constexpr std::size_t member_bytes_min = 44;
constexpr std::size_t change_bytes_min = 27;

}  // namespace

std::string membership::save() const {
  std::string saved;
  byte_writer out{saved};
  out.put(membership_saved_version);
  out.put(rules_.observers).put(rules_.threshold).put(rules_.refutations_max).put(rules_.members_max);
  out.put(view_).put(forgotten_up_to_).put(static_cast<std::uint32_t>(members_.size()));
  for (const auto& [node, one] : members_) put_member(out, one);
  out.put(static_cast<std::uint32_t>(history_.size()));
  for (const auto& change : history_) put_change(out, change);
  return saved;
}

bool membership::restore(std::string_view saved) {
  byte_reader in{saved};
  if (in.take<std::uint8_t>() != membership_saved_version) return false;
  membership other;
  auto& rules = other.rules_;
  rules.observers = in.take<std::uint32_t>();
  rules.threshold = in.take<std::uint32_t>();
  rules.refutations_max = in.take<std::uint32_t>();
  rules.members_max = in.take<std::uint32_t>();
  if (!in.good() || !rules.validate().empty()) return false;
  other.ring_ = observer_ring{rules.observers};
  other.view_ = in.take<std::uint64_t>();
  other.forgotten_up_to_ = in.take<std::uint64_t>();
  for (auto count = in.take_count(member_bytes_min); count > 0 && in.good(); --count) {
    auto one = take_member(in);
    const auto node = one.life.node;
    in.require(node != 0 && other.members_.size() < rules.members_max);
    in.require(other.members_.empty() || other.members_.rbegin()->first < node);
    if (one.is_live()) other.ring_.insert(node);
    other.members_.emplace(node, std::move(one));
  }
  for (auto count = in.take_count(change_bytes_min); count > 0 && in.good(); --count)
    other.history_.push_back(take_change(in));
  in.require(other.history_.size() <= history_max);
  if (!in.complete()) return false;
  *this = std::move(other);
  return true;
}

}  // namespace bulwark
