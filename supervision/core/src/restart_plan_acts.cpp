// SPDX-License-Identifier: BSD-3-Clause
// The acts of a restart_plan: starting and stopping, alone or in order.
#include <algorithm>
#include <utility>

#include "bulwark/supervision/core/restart_plan.hpp"

namespace bulwark {

// -- acts -----------------------------------------------------------------------------------------

void restart_plan::terminate(entry& child, turn& now) {
  starts_.erase(child.at);
  child.failed_at.reset();
  child.wanted = false;
  if (child.state == child_state::waiting) {
    clear_timer(child);
    settle(child, now);
  } else if (child.state != child_state::down) {
    begin_stop(child, now);
  }
}

void restart_plan::restart(entry& child, turn& now) {
  child.wanted = true;
  child.parked = false;
  child.not_before = now.now;
  if (child.state == child_state::waiting || child.state == child_state::down) {
    clear_timer(child);
    child.state = child_state::waiting;
    return settle(child, now);
  }
  if (!child.failed_at) child.failed_at = now.now;
  begin_stop(child, now);
}

void restart_plan::went_down(entry& child) {
  clear_timer(child);
  stops_.erase(child.at);
  child.state = child_state::waiting;
  child.killing = false;
  child.fault.clear();
}

/// Decides what becomes of a child that is down. May drop it: `child` is not to be used afterwards.
void restart_plan::settle(entry& child, turn& now) {
  if (!child.wanted) {
    child.state = child_state::down;
    child.parked = false;
    starts_.erase(child.at);
    if (ending()) return;
    const bool dropped =
        child.spec->restart == restart_type::temporary || is_pool() || (child.dynamic && !child.served);
    now.effects.push_back(plan::child_gone{child.id, dropped});
    if (dropped) drop(child);
    return;
  }
  if (awaits_others(child)) starts_.insert(child.at);
  if (starts_.contains(child.at)) return;  // progress() starts it when it is its turn
  if (child.not_before <= now.now)
    start(child, now);
  else
    set_timer(child, child.not_before);
}

/// A restart that finds no token is put off until it has one. The token is drawn as late as possible, so that
/// a delay by back-off is no extra wait.
bool restart_plan::awaits_token(entry& child, turn& now) {
  if (!draw_token_ || !child.failed_at) return false;
  if (!child.token) child.token = draw_token_(now.now);
  if (*child.token <= now.now) {
    child.token.reset();
    return false;
  }
  child.not_before = *child.token;
  set_timer(child, child.not_before);
  return true;
}

void restart_plan::start(entry& child, turn& now) {
  if (awaits_token(child, now)) return;
  clear_timer(child);
  ++child.generation;
  child.state = child_state::starting;
  child.parked = false;
  child.started_at = now.now;
  if (child.spec->start_timeout > duration::zero()) set_timer(child, now.now + child.spec->start_timeout);
  publish(child, event_kind::started, {}, now);
  now.effects.push_back(plan::start_child{child.id, child.generation});
}

void restart_plan::begin_stop(entry& child, turn& now) {
  if (child.state == child_state::stopping) return;
  const auto& policy = child.spec->shutdown;
  const bool too_late = deadline_ && deadline_->kill_at <= now.now;
  if (policy.how == shutdown_policy::manner::brutal_kill || too_late) return kill(child, now);
  child.state = child_state::stopping;
  clear_timer(child);
  if (policy.how == shutdown_policy::manner::timed) set_timer(child, now.now + policy.limit);
  plan::stop_child order{child.id, child.generation, policy, std::nullopt};
  if (deadline_) order.within = (deadline_->kill_at - now.now) * 9 / 10;  // the rest is for its report
  now.effects.push_back(std::move(order));
}

void restart_plan::kill(entry& child, turn& now) {
  child.state = child_state::stopping;
  child.killing = true;
  const auto end = now.now + flags_.kill_limit;
  set_timer(child, deadline_ ? std::min(end, deadline_->end_at) : end);
  now.effects.push_back(plan::kill_child{child.id, child.generation});
}

void restart_plan::give_up(const std::string& reason, turn& now) {
  gave_up_ = reason;
  publish_end(event_kind::gave_up, reason, now);
  begin_end(now);
}

void restart_plan::begin_end(turn& now) {
  phase_ = phase::ending;
  starts_.clear();
  for (auto& [at, child] : children_) {
    child.wanted = false;
    if (child.state == child_state::waiting) {
      clear_timer(child);
      child.parked = false;
      child.state = child_state::down;
    } else if (child.state != child_state::down) {
      stops_.insert(at);
      if (is_pool()) begin_stop(child, now);  // they do not know each other: no order to keep
    }
  }
}

// -- what is due now ------------------------------------------------------------------------------

/// Goes on with an ordered stop, then with an ordered start, as far as possible without waiting.
void restart_plan::progress(turn& now) {
  if (!stops_.empty()) {
    if (!is_pool()) begin_stop(children_.at(*stops_.rbegin()), now);
    return;
  }
  if (phase_ == phase::ended || !orphans_.empty()) return;
  if (phase_ == phase::ending) {
    phase_ = phase::ended;
    timers_.clear();
    if (gave_up_.empty())
      now.effects.push_back(plan::stopped{shut_down_});
    else
      now.effects.push_back(plan::gave_up{gave_up_});
    return;
  }
  progress_starts(now);
}

/// The first `start_width` of those that await nobody start or are on their way.
void restart_plan::progress_starts(turn& now) {
  if (starts_.empty()) {
    if (phase_ != phase::starting) return;
    phase_ = phase::running;
    now.effects.push_back(plan::all_ready{});
    return;
  }
  auto slots = flags_.start_width;
  for (auto at = starts_.begin(); at != starts_.end() && slots > 0; ++at) {
    auto& next = children_.at(*at);
    if (next.state == child_state::waiting && awaits_others(next)) continue;
    --slots;
    if (next.state != child_state::waiting) continue;
    if (next.not_before <= now.now)
      start(next, now);
    else if (next.timer != next.not_before)
      set_timer(next, next.not_before);
  }
}

bool restart_plan::awaits_others(const entry& child) const {
  return std::ranges::any_of(child.spec->depends_on, [this](const std::string& id) {
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return false;
    const auto& needed = children_.at(found->second);
    return needed.wanted && needed.state != child_state::up;
  });
}

/// An event of the supervisor itself.
void restart_plan::publish_end(event_kind kind, const std::string& reason, turn& now) {
  supervision_event what;
  what.kind = kind;
  what.reason = {exit_kind::shutdown, reason};
  what.at = now.now;
  now.effects.push_back(plan::publish{std::move(what)});
}

void restart_plan::publish(const entry& child, event_kind kind, exit_status reason, turn& now) const {
  supervision_event what;
  what.kind = kind;
  what.path = child.id;
  what.reason = std::move(reason);
  what.generation = child.generation;
  what.restarts = child.restarts;
  what.at = now.now;
  if (kind == event_kind::restarted) {
    what.t_fail = child.started_at - *child.failed_at;
    what.t_recover = now.now - child.started_at;
    what.t_restart = what.t_fail + what.t_recover;
  }
  now.effects.push_back(plan::publish{std::move(what)});
}

}  // namespace bulwark
