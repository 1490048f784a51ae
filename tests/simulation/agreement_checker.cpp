// SPDX-License-Identifier: BSD-3-Clause
#include "agreement_checker.hpp"

#include <algorithm>
#include <utility>

namespace bulwark::test {

using namespace consensus;

agreement_checker::agreement_checker(const std::vector<node_id>& voters, std::uint32_t accept_quorum,
                                     violations& found)
    : violations_{found} {
  groups_[slot::none].accept_quorum = accept_quorum;
  for (const auto id : voters) groups_[slot::none].nodes.push_back({id, true, {}});
}

const configuration& agreement_checker::governing(slot at) const {
  return std::prev(groups_.lower_bound(at))->second;
}

bool agreement_checker::is_chosen(slot at, const proposal& what) const {
  const auto& group = governing(at);
  const auto votes = std::count_if(what.accepted_by.begin(), what.accepted_by.end(),
                                   [&](node_id id) { return group.is_voter(id); });
  return static_cast<std::size_t>(votes) >= group.accept_votes();
}

void agreement_checker::on_accepted(node_id by, const accepted_entry& what) {
  if (what.under == ballot{}) return;  // learned as chosen, which says nothing about acceptors
  auto& known = proposals_[{what.at, what.under}];
  if (known.accepted_by.empty()) known.what = what.what;
  if (known.what != what.what)
    violations_.add("two values for slot " + to_string(what.at) + " under ballot " + to_string(what.under));
  known.accepted_by.insert(by);
  if (!in_order_ && is_configuration(what.what)) begin_in_order();
  if (in_order_)
    choose_in_order(what.at);
  else if (is_chosen(what.at, known))
    choose(what.at, what.what);
}

/// Who chooses in a slot is known once all slots before it are chosen: what voters of before have accepted
/// further on, behind a configuration, counts for nothing, and nobody was told of it.
void agreement_checker::begin_in_order() {
  in_order_ = true;
  while (chosen_.count(next(chosen_up_to_)) > 0) chosen_up_to_ = next(chosen_up_to_);
  for (auto early = chosen_.upper_bound(chosen_up_to_); early != chosen_.end();) {
    for (const auto& one : early->second.commands) places_.erase(one.payload);
    early = chosen_.erase(early);
  }
}

void agreement_checker::choose_in_order(slot at) {
  for (; at <= next(chosen_up_to_); at = next(at)) {
    const auto first = proposals_.lower_bound({at, ballot{}});
    for (auto one = first; one != proposals_.end() && one->first.first == at; ++one)
      if (is_chosen(at, one->second)) choose(at, one->second.what);
    if (at > chosen_up_to_ && chosen_.count(at) == 0) return;
    chosen_up_to_ = std::max(chosen_up_to_, at);
  }
}

void agreement_checker::on_configured(node_id by, const configuration& group) {
  const auto known = groups_.find(group.at);
  if (known == groups_.end() || known->second != group)
    violations_.add(to_string(by) + " goes by a configuration that nobody chose in slot " +
                    to_string(group.at));
}

void agreement_checker::choose(slot at, const value& what) {
  const auto [known, fresh] = chosen_.emplace(at, what);
  if (!fresh && known->second != what)
    violations_.add("slot " + to_string(at) + " is chosen twice, with different values");
  if (!fresh) return;
  if (is_configuration(what)) {
    const auto group = configuration_in(what, at);
    if (!group) return violations_.add("slot " + to_string(at) + " holds a configuration that is broken");
    // One that does not follow the last is void.
    if (group->base == std::prev(groups_.lower_bound(at))->first) groups_.emplace(at, *group);
    return;
  }
  for (const auto& one : what.commands)
    if (!places_.emplace(one.payload, at).second)
      violations_.add("command \"" + one.payload + "\" is chosen in slots " +
                      to_string(places_[one.payload]) + " and " + to_string(at));
}

void agreement_checker::on_apply(node_id by, std::uint64_t life, slot at, const value& what,
                                 std::uint64_t state_hash) {
  auto& last = applied_[{by, life}];
  if (at != next(last))
    violations_.add(to_string(by) + " applied slot " + to_string(at) + " behind " + to_string(last));
  last = at;
  const auto* truth = chosen(at);
  if (!truth)
    violations_.add(to_string(by) + " applied slot " + to_string(at) + ", which is not chosen");
  else if (what != (is_configuration(*truth) ? value{} : *truth))
    violations_.add(to_string(by) + " applied another value in slot " + to_string(at) + " than was chosen");
  const auto [known, fresh] = hashes_.emplace(at, state_hash);
  if (!fresh && known->second != state_hash)
    violations_.add(to_string(by) + " is in another state at slot " + to_string(at) + " than others were");
}

void agreement_checker::on_restored(node_id by, std::uint64_t life, slot at, std::uint64_t state_hash) {
  auto& last = applied_[{by, life}];
  if (at < last) violations_.add("a snapshot took " + to_string(by) + " back from slot " + to_string(last));
  last = at;
  const auto known = hashes_.find(at);
  if (known == hashes_.end() || known->second != state_hash)
    violations_.add(to_string(by) + " restored a state at slot " + to_string(at) + " that nobody had there");
}

const value* agreement_checker::chosen(slot at) const {
  const auto found = chosen_.find(at);
  return found == chosen_.end() ? nullptr : &found->second;
}

slot agreement_checker::place_of(const bytes& payload) const {
  const auto found = places_.find(payload);
  return found == places_.end() ? slot::none : found->second;
}

std::vector<bytes> agreement_checker::take_new_commands() {
  std::vector<bytes> fresh;
  while (const auto* what = chosen(next(taken_))) {
    taken_ = next(taken_);
    if (is_configuration(*what)) continue;
    for (const auto& one : what->commands) fresh.push_back(one.payload);
  }
  return fresh;
}

}  // namespace bulwark::test
