// SPDX-License-Identifier: BSD-3-Clause
#include "phase_one.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace bulwark::consensus {
namespace {

/// More parts than any honest acceptor sends.
constexpr std::uint32_t parts_max = 1u << 16;

}  // namespace

void phase_one::begin() {
  answers_.assign(node_set::capacity, {});
  complete_.clear();
}

bool phase_one::take(std::size_t from, promise what) {
  if (complete_.has(from) || what.part >= what.parts || what.parts > parts_max) return false;
  auto& answer = answers_[from];
  // The acceptor knows more than when it answered before: its parts are cut differently.
  if (answer.chosen != what.chosen || answer.have.size() != what.parts)
    answer = {what.chosen, std::vector<bool>(what.parts), {}};
  if (answer.have[what.part]) return false;
  answer.have[what.part] = true;
  std::move(what.accepted.begin(), what.accepted.end(), std::back_inserter(answer.accepted));
  if (std::find(answer.have.begin(), answer.have.end(), false) != answer.have.end()) return false;
  complete_.add(from);
  return true;
}

slot phase_one::chosen_max() const {
  slot highest{};
  for (std::size_t i = 0; i < answers_.size(); ++i)
    if (complete_.has(i)) highest = std::max(highest, answers_[i].chosen);
  return highest;
}

std::map<slot, accepted_entry> phase_one::take_accepted(slot chosen) {
  std::map<slot, accepted_entry> highest;
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    if (!complete_.has(i)) continue;
    for (auto& entry : answers_[i].accepted)
      if (entry.at > chosen) merge(highest, std::move(entry));
  }
  answers_.clear();
  return highest;
}

void phase_one::merge(std::map<slot, accepted_entry>& into, accepted_entry what) {
  auto& known = into[what.at];
  if (known.at == slot::none || known.under < what.under) known = std::move(what);
}

}  // namespace bulwark::consensus
