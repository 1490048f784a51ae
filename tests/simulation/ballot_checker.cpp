// SPDX-License-Identifier: BSD-3-Clause
#include "ballot_checker.hpp"

#include <algorithm>
#include <variant>

namespace bulwark::test {

using namespace consensus;

void ballot_checker::on_start(node_id by, ballot recovered) {
  if (recovered < told_[by])
    violations_.add(to_string(by) + " forgot its promise of " + to_string(told_[by]) + " in a crash");
  current_[by] = recovered;
}

void ballot_checker::on_lost(node_id by) {
  told_.erase(by);
  current_.erase(by);
}

void ballot_checker::on_step(node_id by, ballot promised) {
  if (promised < current_[by]) violations_.add("the promise of " + to_string(by) + " went back");
  current_[by] = promised;
}

void ballot_checker::on_told(node_id by, ballot under) {
  auto& highest = told_[by];
  if (under < highest)
    violations_.add(to_string(by) + " takes part in " + to_string(under) + " after promising " +
                    to_string(highest));
  highest = std::max(highest, under);
}

void ballot_checker::on_send(node_id by, std::uint64_t life, const message& what) {
  if (const auto* told = std::get_if<promise>(&what)) on_told(by, told->under);
  if (const auto* told = std::get_if<accepted>(&what)) on_told(by, told->under);
  if (const auto* asked = std::get_if<prepare>(&what))
    if (const auto [use, fresh] = used_in_.emplace(asked->under, life); !fresh && use->second != life)
      violations_.add("ballot " + to_string(asked->under) + " is used again after a restart");
}

}  // namespace bulwark::test
