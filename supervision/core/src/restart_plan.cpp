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

// -- events ---------------------------------------------------------------------------------------

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
  if (event.reason.kind == exit_kind::normal && child->spec.restart != restart_type::permanent) {
    child->served = true;
    exited_by_itself(*child, event.reason, now);
  } else {
    attempt_failed(*child, event.reason, now);
  }
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

// -- what an end of an incarnation means ----------------------------------------------------------

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

}  // namespace bulwark
