// SPDX-License-Identifier: BSD-3-Clause
#include "simulated_group.hpp"

#include <algorithm>

namespace bulwark::test {

namespace {

/// In whose name a command is given; node 0 if in nobody's.
struct sender_of {
  node_life operator()(const members::join& what) const { return what.life; }
  node_life operator()(const members::ready& what) const { return what.life; }
  node_life operator()(const members::accuse& what) const { return what.observer; }
  node_life operator()(const members::withdraw& what) const { return what.observer; }
  node_life operator()(const members::refute& what) const { return what.life; }
  node_life operator()(const members::drain& what) const { return what.life; }
  node_life operator()(const members::leave& what) const { return what.life; }
  node_life operator()(const members::remove&) const { return {}; }
  node_life operator()(const members::set_rules&) const { return {}; }
  node_life operator()(const names::claim& what) const { return what.owner; }
  node_life operator()(const names::release&) const { return {}; }
  node_life operator()(const names::settled&) const { return {}; }
  node_life operator()(const placing::place&) const { return {}; }
  node_life operator()(const placing::forget&) const { return {}; }
  node_life operator()(const placing::report_load& what) const { return what.life; }
  node_life operator()(const placing::decline& what) const { return what.life; }
  node_life operator()(const placing::offer& what) const { return what.life; }
  node_life operator()(const placing::command& what) const { return std::visit(*this, what); }
  node_life operator()(const members::command& what) const { return std::visit(*this, what); }
  node_life operator()(const names::command& what) const { return std::visit(*this, what); }
};

}  // namespace

std::string simulated_group::commit(const std::string& command, group_changes& changes, bool detail) {
  const auto what = decode_group_command(command).value();
  const auto sender = std::visit(sender_of{}, what);
  const bool was_fenced = sender.node != 0 && state_.nodes().check(sender) == membership_error::fenced;
  const auto answer = state_.apply(command, changes);
  log_.push_back(command);
  check(what, was_fenced, changes);
  const bool ring_changed =
      std::any_of(changes.members.begin(), changes.members.end(), [](const membership_change& one) {
        return one.to == member_state::down || one.to == member_state::joining;
      });
  if (detail) look(ring_changed || !latest_);
  return answer;
}

void simulated_group::check(const group_command& what, bool was_fenced, const group_changes& changes) {
  if (!violation_.empty()) return;
  if (was_fenced && (!changes.members.empty() || !changes.names.empty()))
    violation_ = "a fenced life had an effect: " + to_string(std::visit(sender_of{}, what));
  for (const auto& change : changes.members)
    if (change.view != ++view_) violation_ = "views have a gap at " + to_string(change);
  if (changes.members.empty()) return;
  for (const auto& [name, entry] : state_.names().all())
    if (state_.nodes().check(entry.owner) != membership_error::none)
      violation_ = "the name " + name + " is held by " + to_string(entry.owner) + ", which is no live member";
  for (const auto& [name, child] : state_.children().all())
    if (child.at.node != 0 && state_.nodes().check(child.at) != membership_error::none)
      violation_ = name + " belongs to " + to_string(child.at) + ", which is no live member";
}

void simulated_group::look(bool ring_changed) {
  const auto& all = state_.nodes();
  auto next = std::make_shared<group_view>();
  next->index = log_.size();
  next->view = all.view();
  next->members.resize(nodes_ + 1);
  for (const auto& [node, one] : all.all()) {
    auto& brief = next->members[node];
    brief = {one.life, one.state, one.draining, one.round, {}};
    for (const auto& [observer, round] : one.accusers)
      if (round == one.round) brief.accusers.push_back(observer);
  }
  for (const auto& [name, child] : state_.children().all()) next->children.emplace(name, child);
  if (ring_changed) {
    std::vector<std::vector<std::uint32_t>> subjects(nodes_ + 1);
    std::vector<std::uint32_t> live;
    for (const auto& [node, one] : all.all()) {
      if (!one.is_live()) continue;
      live.push_back(node);
      for (const auto observer : all.observers_of(node)) subjects[observer].push_back(node);
    }
    next->subjects = std::make_shared<const std::vector<std::vector<std::uint32_t>>>(std::move(subjects));
    next->live = std::make_shared<const std::vector<std::uint32_t>>(std::move(live));
  } else {
    next->subjects = latest_->subjects;
    next->live = latest_->live;
  }
  latest_ = std::move(next);
}

}  // namespace bulwark::test
