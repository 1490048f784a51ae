// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/suspicion.hpp"

#include <algorithm>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark {

namespace {

/// The waiting after a refutation doubles that often.
constexpr std::uint32_t reaccuse_doublings_max = 4;

}  // namespace

std::string suspicion_options::validate() const {
  for (const auto length :
       {probe_timeout, reprobe_after, reaccuse_after, repeat_after, tick, stall, recovery})
    if (length <= duration::zero()) return "expected each length of time to be above zero";
  if (patience < duration::zero()) return "patience is below zero";
  if (helpers > 64) return "helpers is not between 0 and 64";
  if (score_max > 100) return "score_max is not between 0 and 100";
  return {};
}

suspicion::suspicion(const suspicion_options& options, node_life self, std::uint64_t seed)
    : options_{options}, self_{self}, random_{seed}, health_{options.score_max} {
  BULWARK_INVARIANT(options.validate().empty());
}

void suspicion::step(const observing::event& what, instant now, std::vector<observing::effect>& effects) {
  turn at{now, effects};
  std::visit([&](const auto& one) { on(one, at); }, what);
}

std::size_t suspicion::doubtful() const noexcept {
  return static_cast<std::size_t>(std::count_if(
      subjects_.begin(), subjects_.end(), [](const auto& one) { return one.second.state != phase::quiet; }));
}

// -- the group's views ----------------------------------------------------------------------------

void suspicion::on(const observing::viewed& what, turn& at) {
  std::map<std::uint32_t, record> next;
  for (const auto& subject : what.subjects) {
    const auto before = subjects_.find(subject.life.node);
    if (before == subjects_.end() || before->second.known.life != subject.life) {
      next.emplace(subject.life.node, record{.known = subject});
      continue;
    }
    auto one = before->second;
    const bool is_refuted = subject.round > one.known.round;
    one.known = subject;
    if (is_refuted && one.state == phase::accused) {
      one.state = phase::waiting;
      one.due =
          at.now + options_.reaccuse_after * (1u << std::min(subject.round - 1, reaccuse_doublings_max));
    }
    next.emplace(subject.life.node, one);
    if (one.state == phase::quiet && subject.accused_here) withdraw(next.at(subject.life.node), at);
  }
  subjects_ = std::move(next);
  others_ = what.others;
  if (what.suspect_in_round && what.suspect_in_round != suspect_in_round_) health_.worsened();
  suspect_in_round_ = what.suspect_in_round;
  refute_if_due(at);
}

void suspicion::refute_if_due(turn& at) {
  if (!suspect_in_round_) return;
  if (refuted_round_ == suspect_in_round_ && at.now < refute_due_) return;
  refuted_round_ = suspect_in_round_;
  refute_due_ = at.now + options_.repeat_after;
  at.effects.push_back(observing::tell{members::refute{self_, *suspect_in_round_}});
}

// -- what is heard of subjects --------------------------------------------------------------------

void suspicion::on(const observing::silent& what, turn& at) {
  const auto found = subjects_.find(what.node);
  if (found == subjects_.end() || found->second.state != phase::quiet) return;
  auto& one = found->second;
  one.doubts = 0;
  one.state = phase::waiting;
  one.due = at.now + options_.patience * health_.score();
  advance(one, at);
}

void suspicion::on(const observing::heard& what, turn& at) {
  std::erase_if(pending_, [&](const pending& one) {
    if (one.what.subject != what.node) return false;
    at.effects.push_back(observing::answer{one.what.observer, one.what.subject, one.what.number, true});
    return true;
  });
  const auto found = subjects_.find(what.node);
  if (found == subjects_.end() || found->second.state == phase::quiet) return;
  auto& one = found->second;
  const bool said = one.state == phase::accused || one.known.accused_here;
  one.state = phase::quiet;
  if (said) withdraw(one, at);
}

void suspicion::on(const observing::answered& what, turn& at) {
  const auto found = subjects_.find(what.subject);
  if (found == subjects_.end()) return;
  auto& one = found->second;
  if (one.state != phase::probing || one.number != what.number) return;
  if (what.reached) {
    one.state = phase::vouched;
    one.due = at.now + options_.reprobe_after;
  } else if (++one.denials >= one.helpers) {
    conclude(one, at);
  }
}

void suspicion::on(const observing::untaken&, turn& at) {
  for (auto& [node, one] : subjects_)
    if (one.state == phase::accused) one.due = at.now;
  refute_due_ = at.now;
}

// -- helping --------------------------------------------------------------------------------------

void suspicion::on(const observing::asked& what, turn& at) {
  if (pending_.size() >= pending_max || what.subject == self_.node) return;
  // It has to say no before the one who asked stops waiting, else its silence would count against that one.
  pending_.push_back({what, at.now + options_.probe_timeout / 2});
  at.effects.push_back(observing::probe{what.subject});
}

std::vector<std::uint32_t> suspicion::choose_helpers(std::uint32_t subject) {
  std::vector<std::uint32_t> chosen;
  if (!others_ || others_->empty()) return chosen;
  const auto count = others_->size();
  const auto wanted = std::min<std::size_t>(options_.helpers, count);
  // A few draws more than needed make up for the subject and for doubles; fewer helpers than wanted will do.
  for (std::size_t draws = 4 * wanted; chosen.size() < wanted && draws > 0; --draws) {
    const auto candidate = (*others_)[random_.below(count)];
    if (candidate != subject && candidate != self_.node &&
        std::find(chosen.begin(), chosen.end(), candidate) == chosen.end())
      chosen.push_back(candidate);
  }
  return chosen;
}

// -- time -----------------------------------------------------------------------------------------

void suspicion::on(const observing::tick&, turn& at) {
  discount_stall(at.now);
  for (auto& [node, one] : subjects_) advance(one, at);
  std::erase_if(pending_, [&](const pending& one) {
    if (at.now < one.due) return false;
    at.effects.push_back(observing::answer{one.what.observer, one.what.subject, one.what.number, false});
    return true;
  });
  refute_if_due(at);
  if (doubtful() * 2 > subjects_.size() || suspect_in_round_) {
    improves_at_ = at.now + options_.recovery;
  } else if (!improves_at_ || at.now >= *improves_at_) {
    improves_at_ = at.now + options_.recovery;
    health_.improved();
  }
}

void suspicion::discount_stall(instant now) {
  const auto late = next_tick_ ? now - *next_tick_ : duration::zero();
  next_tick_ = now + options_.tick;
  if (late < options_.stall) return;
  health_.worsened();
  improves_at_ = now + options_.recovery;
  for (auto& [node, one] : subjects_) one.due += late;
  for (auto& one : pending_) one.due += late;
}

void suspicion::advance(record& of, turn& at) {
  if (of.state == phase::quiet || at.now < of.due) return;
  switch (of.state) {
    case phase::quiet: return;
    case phase::waiting:
    case phase::vouched: return probe(of, at);
    case phase::probing: return conclude(of, at);
    case phase::accused:
      of.due = at.now + options_.repeat_after;
      if (!of.known.accused_here) accuse(of, at);
      return;
  }
}

void suspicion::probe(record& of, turn& at) {
  const auto subject = of.known.life.node;
  const auto helpers = choose_helpers(subject);
  of.state = phase::probing;
  of.number = ++last_number_;
  of.helpers = helpers.size();
  of.denials = 0;
  of.due = at.now + health_.stretched(options_.probe_timeout);
  for (const auto helper : helpers) at.effects.push_back(observing::ask{helper, subject, of.number});
  at.effects.push_back(observing::probe{subject});
  if (helpers.empty()) conclude(of, at);
}

void suspicion::conclude(record& of, turn& at) {
  if (of.helpers > 0 && of.denials == 0) {
    health_.worsened();
    if (++of.doubts < options_.doubts_max) return probe(of, at);
  }
  accuse(of, at);
}

void suspicion::accuse(record& of, turn& at) {
  of.state = phase::accused;
  of.due = at.now + options_.repeat_after;
  at.effects.push_back(observing::tell{members::accuse{self_, of.known.life, of.known.round}});
}

void suspicion::withdraw(record& of, turn& at) {
  at.effects.push_back(observing::tell{members::withdraw{self_, of.known.life}});
}

}  // namespace bulwark
