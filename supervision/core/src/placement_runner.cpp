// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/placement_runner.hpp"

#include <algorithm>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark {

std::string runner_options::validate() const {
  if (auto wrong = lease.validate(); !wrong.empty()) return wrong;
  if (say_again <= duration::zero()) return "say_again is not above zero";
  if (stop_within <= duration::zero() || stop_within >= lease.renew_before)
    return "stop_within is not between zero and renew_before of the lease";
  if (first_start == 0) return "first_start is 0; expected 1 or more";
  return {};
}

placement_runner::placement_runner(const runner_options& options)
    : options_{options}, lease_{options.lease}, start_{options.first_start} {
  BULWARK_INVARIANT(options.validate().empty());
}

void placement_runner::step(const running::event& what, instant now, std::vector<running::effect>& effects) {
  turn at{now, effects};
  std::visit([&](const auto& one) { on(one, at); }, what);
  go_on(at);
}

void placement_runner::on(const running::assigned& what, turn& at) {
  if (what.here && !here_) next_word_ = at.now;
  here_ = what.here;
}

void placement_runner::on(const running::vacated&, turn& at) {
  if (state_ == state::idle) next_word_ = at.now;
}

void placement_runner::on(const running::claimed& what, turn& at) {
  claims_ = false;
  const auto token = what.result.entry.token;
  if (what.result.error != registry_error::none) return;
  // Tokens only grow, so an answer with one that is not above all before is of a name that is held, or that
  // was given up or lost meanwhile: then another node may hold it.
  const bool is_new = token > newest_;
  newest_ = std::max(newest_, token);
  if (state_ == state::stopping) {
    if (is_new) release(token, at);
    return;
  }
  if (state_ == state::idle && !is_new) return;
  lease_.granted(what.result, what.asked, at.now);
  if (state_ != state::idle) return;
  state_ = state::holding;
  is_lost_ = false;
}

void placement_runner::on(const running::released& what, turn&) {
  if (what.token == releases_) releases_ = 0;
}

void placement_runner::on(const running::confirmed& what, turn&) {
  if (what.holds)
    lease_.confirmed(what.token, what.asked);
  else if (what.token == lease_.token())
    is_lost_ = true;
}

void placement_runner::on(const running::stopped&, turn& at) {
  if (state_ == state::running || state_ == state::stopping) let_go(at);
}

void placement_runner::on(const running::tick&, turn&) {}

/// What the present state asks for, whatever brought it about.
void placement_runner::go_on(turn& at) {
  if (releases_ != 0 && at.now >= next_release_) release(releases_, at);
  const bool ends = is_lost_ || !here_ || at.now >= lease_.ends() - options_.stop_within;
  switch (state_) {
    case state::idle:
      // A claim without an answer may have been granted: it is said again until that is known.
      if ((!here_ && !claims_) || at.now < next_word_) return;
      next_word_ = at.now + options_.say_again;
      claims_ = true;
      at.effects.push_back(running::claim{start_});
      return;
    case state::holding:
      if (ends) return let_go(at);
      if (at.now < lease_.begins()) break;
      state_ = state::running;
      at.effects.push_back(running::start{lease_.token()});
      break;
    case state::running:
      if (ends) return stop(at);
      break;
    case state::stopping: return;
  }
  if (lease_.owes_settled(at.now)) {
    lease_.settled();
    at.effects.push_back(running::settle{lease_.token()});
  }
  if (at.now < lease_.next_renewal() || at.now < next_word_) return;
  next_word_ = at.now + options_.say_again / 4;
  at.effects.push_back(running::confirm{lease_.token()});
}

void placement_runner::stop(turn& at) {
  state_ = state::stopping;
  at.effects.push_back(running::stop{});
}

/// The name is given up; if the child still belongs here, the name is claimed again for another start.
void placement_runner::let_go(turn& at) {
  if (!is_lost_) release(lease_.token(), at);
  lease_.lost();
  is_lost_ = false;
  state_ = state::idle;
  ++start_;
  next_word_ = at.now + options_.say_again;
}

void placement_runner::release(std::uint64_t token, turn& at) {
  releases_ = token;
  next_release_ = at.now + options_.say_again;
  at.effects.push_back(running::release{token});
}

}  // namespace bulwark
