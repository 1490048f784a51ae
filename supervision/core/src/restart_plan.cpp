// SPDX-License-Identifier: BSD-3-Clause
// The decisions of a restart_plan: what follows from an event.
#include "bulwark/supervision/core/restart_plan.hpp"

#include <string>

namespace bulwark {

namespace {

std::string milliseconds(duration length) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(length).count()) + " ms";
}

bool wants_restart(restart_type type, exit_kind kind) {
  return type == restart_type::permanent || (type == restart_type::transient && !is_orderly(kind));
}

}  // namespace

void restart_plan::step(const plan::event& event, instant now, std::vector<plan::effect>& effects) {
  if (phase_ == phase::ended) return;
  turn at{now, effects};
  std::visit([&](const auto& what) { on(what, at); }, event);
  progress(at);
}

// -- events
// ------------------------------------------------------------------------------------------------------------------------

void restart_plan::on(const plan::start_all&, turn&) {
  if (phase_ != phase::idle) return;
  phase_ = phase::starting;
  for (auto& [at, child] : children_) {
    child.wanted = true;
    child.state = child_state::waiting;
    starts_.insert(at);
  }
}

void restart_plan::on(const plan::child_ready& event, turn& now) {
  auto* child = incarnation(event.id, event.generation);
  if (!child || child->state != child_state::starting) return;
  clear_timer(*child);
  starts_.erase(child->at);
  child->state = child_state::up;
  child->served = true;
  child->ready_at = now.now;
  publish(*child, event_kind::ready, {}, now);
  if (!child->failed_at) return;
  ++child->restarts;
  publish(*child, event_kind::restarted, {}, now);
  child->failed_at.reset();
}

void restart_plan::on(const plan::start_failed& event, turn& now) {
  auto* child = incarnation(event.id, event.generation);
  if (!child) return;
  const exit_status reason{exit_kind::failure, event.reason};
  if (child->state == child_state::starting)
    attempt_failed(*child, reason, now);
  else if (child->state == child_state::stopping)
    exited_while_stopping(*child, event_kind::stopped, reason, now);
}

void restart_plan::on(const plan::child_exited& event, turn& now) {
  auto* child = incarnation(event.id, event.generation);
  if (!child) return;
  switch (child->state) {
    case child_state::up: return exited_by_itself(*child, event.reason, now);
    case child_state::stopping: return exited_while_stopping(*child, event_kind::stopped, event.reason, now);
    default: break;
  }
  // It ended before it was ready. One that may end and was simply done has nothing to serve: that is no
  // failure.
  if (event.reason.kind == exit_kind::normal && child->spec.restart != restart_type::permanent)
    exited_by_itself(*child, event.reason, now);
  else
    attempt_failed(*child, event.reason, now);
}

void restart_plan::on(const plan::stop_all&, turn&) {
  if (!ending()) begin_end();
}

void restart_plan::on(const plan::terminate& event, turn& now) {
  if (auto* child = find(event.id); child && !ending()) terminate(*child, now);
}

void restart_plan::on(const plan::restart& event, turn& now) {
  if (auto* child = find(event.id); child && !ending() && phase_ != phase::idle) restart(*child, now);
}

void restart_plan::on(const plan::tick&, turn& now) {
  while (!timers_.empty() && timers_.begin()->first <= now.now) {
    auto& child = children_.at(timers_.begin()->second);
    clear_timer(child);
    on_due(child, now);
  }
}

void restart_plan::on_due(entry& child, turn& now) {
  switch (child.state) {
    case child_state::waiting:
      if (!starts_.contains(child.at)) start(child, now);  // else progress() starts it when it is its turn
      return;
    case child_state::starting:
      child.fault = "not ready within " + milliseconds(child.spec.start_timeout);
      return kill(child, now);
    case child_state::stopping:
      if (!child.killing) return kill(child, now);
      now.effects.push_back(plan::abandoned{child.spec.id, child.generation});
      return exited_while_stopping(child, event_kind::abandoned, {exit_kind::killed, "abandoned"}, now);
    case child_state::up:
    case child_state::down: return;
  }
}

// -- what an end of an incarnation means
// -----------------------------------------------------------------------------------------

void restart_plan::attempt_failed(entry& child, const exit_status& reason, turn& now) {
  const bool of_a_group = stops_.contains(child.at);
  publish(child, event_kind::start_failed, reason, now);
  child.last_reason = reason.text;
  went_down(child);
  // A group that is about to start afresh, or an end, takes this failure along at no charge.
  if (of_a_group || !child.wanted) return settle(child, now);
  if (!child.served && phase_ == phase::starting)
    return give_up("child \"" + child.spec.id + "\" failed to start: " + reason.text, now);
  if (child.spec.restart == restart_type::temporary || (child.dynamic && !child.served)) {
    child.wanted = false;
    return settle(child, now);
  }
  if (!child.failed_at) child.failed_at = now.now;
  recover(child, first_retry::delayed, now);
}

void restart_plan::exited_by_itself(entry& child, const exit_status& reason, turn& now) {
  const bool of_a_group = stops_.contains(child.at);
  publish(child, event_kind::exited, reason, now);
  child.last_reason = reason.text;
  if (child.state == child_state::up && now.now - child.ready_at >= child.spec.delays.reset_after) {
    child.delay.reset();
    child.failures = 0;
  }
  went_down(child);
  // It died of what its group is being restarted for, or as it was to be stopped anyway: that costs nothing
  // more.
  if (of_a_group || !child.wanted) return settle(child, now);
  if (!wants_restart(child.spec.restart, reason.kind)) {
    child.wanted = false;
    return settle(child, now);
  }
  child.failed_at = now.now;
  recover(child, first_retry::immediate, now);
}

void restart_plan::exited_while_stopping(entry& child, event_kind how, const exit_status& reason, turn& now) {
  if (how == event_kind::abandoned) publish(child, how, reason, now);
  if (!child.fault.empty()) return attempt_failed(child, {exit_kind::failure, child.fault}, now);
  if (how != event_kind::abandoned) publish(child, how, reason, now);
  child.last_reason = reason.text;
  went_down(child);
  settle(child, now);
}

/// Charges the restart, finds out when it may be and who is concerned.
void restart_plan::recover(entry& child, first_retry when, turn& now) {
  if (!budget_.charge(now.now)) {
    return give_up("more than " + std::to_string(flags_.intensity) + " restarts within " +
                       milliseconds(flags_.period) + "; the last was due to \"" + child.spec.id +
                       "\": " + child.last_reason,
                   now);
  }
  const bool at_once = when == first_retry::immediate && child.failures == 0;
  ++child.failures;
  child.not_before = at_once ? now.now : now.now + child.delay.next(random_.next01());
  if (flags_.strategy != restart_strategy::one_for_one) take_along(child);
  // During the first start the children behind it go on only when it is back.
  if (phase_ == phase::starting) starts_.insert(child.at);
  settle(child, now);
}

/// Marks the group of a failed child: who is alive is stopped in reverse order, then all start in order. As
/// in OTP, that brings back children that had ended or had been terminated, and ends temporary ones.
void restart_plan::take_along(const entry& failed) {
  const bool all = flags_.strategy == restart_strategy::one_for_all;
  for (auto it = all ? children_.begin() : children_.find(failed.at); it != children_.end(); ++it) {
    auto& [at, child] = *it;
    const bool alive = child.state != child_state::waiting && child.state != child_state::down;
    if (alive) stops_.insert(at);
    if (alive && child.spec.restart == restart_type::temporary) {
      child.wanted = false;
      starts_.erase(at);
      continue;
    }
    if (!alive) {
      clear_timer(child);
      child.state = child_state::waiting;
    }
    child.wanted = true;
    child.not_before = failed.not_before;
    if (alive && !child.failed_at) child.failed_at = failed.failed_at;
    starts_.insert(at);
  }
}

// -- acts
// ------------------------------------------------------------------------------------------------------------------------

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

// -- what is due now
// ---------------------------------------------------------------------------------------------------------------

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
