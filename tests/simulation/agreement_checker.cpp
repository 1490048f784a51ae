// SPDX-License-Identifier: BSD-3-Clause
#include "agreement_checker.hpp"

#include <utility>

namespace bulwark::test {

using namespace consensus;

void agreement_checker::on_accepted(node_id by, const accepted_entry& what) {
  if (what.under == ballot{}) return;  // learned as chosen, which says nothing about acceptors
  auto& known = proposals_[{what.at, what.under}];
  if (known.accepted_by.empty()) known.what = what.what;
  if (known.what != what.what)
    violations_.add("two values for slot " + to_string(what.at) + " under ballot " + to_string(what.under));
  known.accepted_by.insert(by);
  if (known.accepted_by.size() == majority_) choose(what.at, what.what);
}

void agreement_checker::choose(slot at, const value& what) {
  const auto [known, fresh] = chosen_.emplace(at, what);
  if (!fresh && known->second != what)
    violations_.add("slot " + to_string(at) + " is chosen twice, with different values");
  if (!fresh) return;
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
  else if (*truth != what)
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
    for (const auto& one : what->commands) fresh.push_back(one.payload);
  }
  return fresh;
}

}  // namespace bulwark::test
