// SPDX-License-Identifier: BSD-3-Clause
#include "island_history.hpp"

#include <algorithm>
#include <utility>

namespace bulwark::cluster_test {

namespace {

constexpr std::size_t problems_max = 20;

std::string teller_text(std::uint32_t node, std::uint64_t process) {
  return "n" + std::to_string(node) + " (process " + std::to_string(process) + ")";
}

std::string reign_text(const island_history::reign& of) {
  return "token " + std::to_string(of.token) + " of " + teller_text(of.node, of.process);
}

std::string ms_text(duration span) {
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(span).count() / 1000.0) + " ms";
}

}  // namespace

void island_history::broken(std::string what) {
  if (problems_.size() < problems_max) problems_.push_back(std::move(what));
}

void island_history::take(const island_event& event) {
  const key by{event.node, event.process};
  tellers_.try_emplace(by);
  const auto* owner = std::get_if<told::owner>(&event.what);
  if (!owner || owner->step != told::owner_step::acts) events_.push_back(event);
  std::visit([&](const auto& what) { on(what, by, event.at); }, event.what);
}

void island_history::on(const told::leader& what, const key& by, instant) { tellers_[by].leader = what.node; }

void island_history::on(const told::view& what, const key& by, instant) {
  auto& one = tellers_[by];
  if (what.what.view != one.view + 1)
    broken(teller_text(by.node, by.process) + " came from view " + std::to_string(one.view) + " to " +
           std::to_string(what.what.view));
  one.view = what.what.view;
  one.states[what.what.life.node] = what.what.to;
  const auto [agreed, is_new] = agreed_.emplace(what.what.view, what.what);
  if (!is_new && agreed->second != what.what)
    broken(teller_text(by.node, by.process) + " has " + to_string(what.what) + "; another has " +
           to_string(agreed->second));
}

void island_history::on(const told::owner& what, const key& by, instant at) {
  auto& of_name = reigns_[what.name];
  if (what.step != told::owner_step::acts) {
    // One that crashed begins again under its token.
    if (const auto found = of_name.find(what.token); found != of_name.end())
      found->second.ended = what.step == told::owner_step::ends;
    return;
  }
  auto& one = of_name.try_emplace(what.token, reign{what.token, by.node, by.process, at, at}).first->second;
  if (one.node != by.node || one.process != by.process)
    broken(what.name + ": " + reign_text(one) + " is acted upon by " + teller_text(by.node, by.process));
  if (one.ended) broken(what.name + ": acts under " + reign_text(one) + " behind its end");
  one.first = std::min(one.first, at);
  one.last = std::max(one.last, at);
}

std::vector<island_history::reign> island_history::reigns(const std::string& name) const {
  std::vector<reign> all;
  const auto found = reigns_.find(name);
  if (found == reigns_.end()) return all;
  for (const auto& [token, one] : found->second) all.push_back(one);
  std::ranges::stable_sort(all, {}, &reign::first);
  return all;
}

void island_history::check_reigns(const std::string& name, std::vector<std::string>& found) const {
  std::optional<reign> before;
  for (const auto& one : reigns(name)) {
    if (before && one.first <= before->last)
      found.push_back(name + " had two live owners for " + ms_text(before->last - one.first) + ": " +
                      reign_text(*before) + " and " + reign_text(one));
    else if (before && one.token < before->token)
      found.push_back(name + ": " + reign_text(one) + " came after " + reign_text(*before));
    if (!before || one.last > before->last) before = one;
  }
}

std::vector<std::string> island_history::problems() const {
  auto found = problems_;
  for (const auto& [name, all] : reigns_) check_reigns(name, found);
  return found;
}

const island_history::teller* island_history::latest(std::uint32_t node) const {
  const auto behind = tellers_.lower_bound({node + 1, 0});
  if (behind == tellers_.begin()) return nullptr;
  const auto last = std::prev(behind);
  return last->first.node == node ? &last->second : nullptr;
}

std::uint32_t island_history::leader_seen_by(std::uint32_t node) const {
  const auto* seen = latest(node);
  return seen ? seen->leader : 0;
}

member_state island_history::state_seen_by(std::uint32_t by, std::uint32_t subject) const {
  const auto* seen = latest(by);
  if (!seen) return member_state::removed;
  const auto found = seen->states.find(subject);
  return found == seen->states.end() ? member_state::removed : found->second;
}

std::string island_history::why_not_whole(std::uint32_t nodes, const std::vector<std::string>& names,
                                          instant since) const {
  const auto* first = latest(1);
  for (std::uint32_t node = 1; node <= nodes; ++node) {
    const auto* one = latest(node);
    if (!one || one->view != first->view)
      return "n" + std::to_string(node) + " is at view " + std::to_string(one ? one->view : 0) +
             ", n1 at view " + std::to_string(first ? first->view : 0);
    for (std::uint32_t other = 1; other <= nodes; ++other)
      if (const auto state = state_seen_by(node, other); state != member_state::up)
        return "n" + std::to_string(other) + " is " + to_string(state) + " to n" + std::to_string(node);
  }
  for (const auto& name : names) {
    const auto all = reigns(name);
    const auto acting = std::ranges::count_if(all, [&](const auto& one) { return one.last >= since; });
    if (acting != 1) return name + " is acted upon under " + std::to_string(acting) + " tokens";
  }
  return {};
}

}  // namespace bulwark::cluster_test
