// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/leader_vantage.hpp"

#include <algorithm>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark {

std::string vantage_options::validate() const {
  if (patience <= duration::zero()) return "patience is not above zero";
  if (answers_within <= duration::zero()) return "answers_within is not above zero";
  if (rest <= answers_within) return "rest is not above answers_within";
  if (rest_max < rest) return "rest_max is below rest";
  return {};
}

leader_vantage::leader_vantage(const vantage_options& options) : options_{options}, rest_{options.rest} {
  BULWARK_INVARIANT(options.validate().empty());
}

void leader_vantage::step(const vantage::event& what, instant now, std::vector<vantage::effect>& effects) {
  std::visit([&](const auto& one) { on(one, now, effects); }, what);
}

void leader_vantage::on(const vantage::seen& what, instant now, effects_list& effects) {
  if (!what.leads) {
    missed_since_.clear();
    round_.reset();
    if (std::exchange(handed_over_, false)) {
      rest_ = std::min(2 * rest_, options_.rest_max);
      rests_until_ = now + rest_;
    }
    return;
  }
  std::map<std::uint32_t, instant> since;
  std::vector<std::uint32_t> missed_long;
  for (const auto member : what.missed) {
    const auto before = missed_since_.find(member);
    const auto from = before == missed_since_.end() ? now : before->second;
    since.emplace(member, from);
    if (now - from >= options_.patience) missed_long.push_back(member);
  }
  missed_since_ = std::move(since);
  if (round_) {
    if (now >= round_->ends) conclude(effects);
  } else if (!missed_long.empty() && now >= rests_until_) {
    look_around(std::move(missed_long), what, now, effects);
  }
}

void leader_vantage::look_around(std::vector<std::uint32_t> missed, const vantage::seen& what, instant now,
                                 effects_list& effects) {
  if (now - rests_until_ > options_.rest_max) rest_ = options_.rest;
  rests_until_ = now + options_.rest;
  handed_over_ = false;
  if (missed.size() > missed_max) missed.resize(missed_max);
  auto electors = what.electors;
  if (electors.size() > electors_max) electors.resize(electors_max);
  auto subjects = missed;
  for (const auto& some : {electors, what.heard})
    for (const auto one : some)
      if (subjects.size() < subjects_max && std::ranges::find(subjects, one) == subjects.end())
        subjects.push_back(one);
  round_.emplace(round{++last_number_, now + options_.answers_within, missed.size()});
  for (const auto one : electors)
    for (const auto subject : subjects) {
      if (subject == one) continue;
      round_->open.emplace(one, subject);
      ++round_->misses[one];
      effects.push_back(vantage::ask{one, subject, round_->number});
    }
  if (round_->open.empty()) round_.reset();
}

void leader_vantage::on(const vantage::answered& what, instant, effects_list& effects) {
  if (!round_ || what.number != round_->number) return;
  if (round_->open.erase({what.by, what.subject}) == 0) return;
  if (what.reached) --round_->misses.at(what.by);
  if (round_->open.empty()) conclude(effects);
}

void leader_vantage::conclude(effects_list& effects) {
  const auto over = *std::exchange(round_, std::nullopt);
  const auto best = std::ranges::min_element(over.misses, {}, [](const auto& one) { return one.second; });
  if (best == over.misses.end() || best->second >= over.missed_here) return;
  effects.push_back(vantage::hand_over{best->first});
  handed_over_ = true;
}

}  // namespace bulwark
