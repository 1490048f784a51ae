// SPDX-License-Identifier: BSD-3-Clause
// The acts of a restart_plan: starting and stopping, alone or in order.
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
    starts_.erase(child.at);
    if (ending()) return;
    const bool dropped = child.spec.restart == restart_type::temporary || (child.dynamic && !child.served);
    now.effects.push_back(plan::child_gone{child.spec.id, dropped});
    if (dropped) drop(child);
    return;
  }
  if (starts_.contains(child.at)) return;  // progress() starts it when it is its turn
  if (child.not_before <= now.now)
    start(child, now);
  else
    set_timer(child, child.not_before);
}

void restart_plan::start(entry& child, turn& now) {
  clear_timer(child);
  ++child.generation;
  child.state = child_state::starting;
  child.started_at = now.now;
  if (child.spec.start_timeout > duration::zero()) set_timer(child, now.now + child.spec.start_timeout);
  publish(child, event_kind::started, {}, now);
  now.effects.push_back(plan::start_child{child.spec.id, child.generation});
}

void restart_plan::begin_stop(entry& child, turn& now) {
  if (child.state == child_state::stopping) return;
  if (child.spec.shutdown.how == shutdown_policy::manner::brutal_kill) return kill(child, now);
  child.state = child_state::stopping;
  clear_timer(child);
  if (child.spec.shutdown.how == shutdown_policy::manner::timed)
    set_timer(child, now.now + child.spec.shutdown.limit);
  now.effects.push_back(plan::stop_child{child.spec.id, child.generation, child.spec.shutdown});
}

void restart_plan::kill(entry& child, turn& now) {
  child.state = child_state::stopping;
  child.killing = true;
  set_timer(child, now.now + flags_.kill_limit);
  now.effects.push_back(plan::kill_child{child.spec.id, child.generation});
}

void restart_plan::give_up(const std::string& reason, turn& now) {
  gave_up_ = reason;
  supervision_event what;
  what.kind = event_kind::gave_up;
  what.reason = {exit_kind::shutdown, reason};
  what.at = now.now;
  now.effects.push_back(plan::publish{std::move(what)});
  begin_end();
}

void restart_plan::begin_end() {
  phase_ = phase::ending;
  starts_.clear();
  for (auto& [at, child] : children_) {
    child.wanted = false;
    if (child.state == child_state::waiting) {
      clear_timer(child);
      child.state = child_state::down;
    } else if (child.state != child_state::down) {
      stops_.insert(at);
    }
  }
}

// -- what is due now ------------------------------------------------------------------------------

/// Goes on with an ordered stop, then with an ordered start, as far as possible without waiting.
void restart_plan::progress(turn& now) {
  if (!stops_.empty()) return begin_stop(children_.at(*stops_.rbegin()), now);
  if (phase_ == phase::ending) {
    phase_ = phase::ended;
    if (gave_up_.empty())
      now.effects.push_back(plan::stopped{});
    else
      now.effects.push_back(plan::gave_up{gave_up_});
    return;
  }
  progress_starts(now);
}

void restart_plan::progress_starts(turn& now) {
  if (!starts_.empty()) {
    auto& next = children_.at(*starts_.begin());
    if (next.state != child_state::waiting) return;
    if (next.not_before <= now.now)
      start(next, now);
    else
      set_timer(next, next.not_before);
  } else if (phase_ == phase::starting) {
    phase_ = phase::running;
    now.effects.push_back(plan::all_ready{});
  }
}

void restart_plan::publish(const entry& child, event_kind kind, exit_status reason, turn& now) const {
  supervision_event what;
  what.kind = kind;
  what.path = child.spec.id;
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
