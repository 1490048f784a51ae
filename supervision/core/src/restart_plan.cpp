// SPDX-License-Identifier: BSD-3-Clause
// The events of a restart_plan: what happened to a child, or to time.
#include "bulwark/supervision/core/restart_plan.hpp"

#include <string>
#include <utility>

#include "durations.hpp"

namespace bulwark {

namespace {

/// How often a child is looked at within its progress limit.
constexpr int progress_samples = 4;

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
  child->once = false;
  child->ready_at = now.now;
  if (child->spec->progress_limit > duration::zero()) {
    child->progress = 0;
    set_timer(*child, now.now + child->spec->progress_limit / progress_samples);
  }
  publish(*child, event_kind::ready, {}, now);
  if (!child->failed_at) return;
  ++child->restarts;
  publish(*child, event_kind::restarted, {child->last_kind, child->last_reason}, now);
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

void restart_plan::on(const plan::start_ignored& event, turn& now) {
  auto* child = incarnation(event.id, event.generation);
  if (!child) return;
  const exit_status nothing{exit_kind::normal, "ignored"};
  if (child->state == child_state::stopping)
    return exited_while_stopping(*child, event_kind::stopped, nothing, now);
  child->last_reason = nothing.text;
  child->last_kind = nothing.kind;
  child->served = true;
  child->once = false;
  child->failed_at.reset();
  child->wanted = false;
  went_down(*child);
  settle(*child, now);
}

void restart_plan::on(const plan::child_resumed& event, turn& now) {
  if (const auto* child = incarnation(event.id, event.generation))
    publish(*child, event_kind::resumed, event.reason, now);
}

void restart_plan::on(const plan::message_quarantined& event, turn& now) {
  if (const auto* child = incarnation(event.id, event.generation))
    publish(*child, event_kind::quarantined, event.reason, now);
}

void restart_plan::on(const plan::progress_seen& event, turn& now) {
  auto* child = incarnation(event.id, event.generation);
  if (!child || child->state != child_state::up) return;
  const bool within_a_message = event.count % 2 == 1;
  if (event.count != child->progress || !within_a_message) {
    child->progress = event.count;
    child->progress_at = now.now;
    return;
  }
  const auto limit = child->spec->progress_limit;
  if (limit == duration::zero() || now.now - child->progress_at < limit) return;
  const exit_status reason{exit_kind::failure, "it did not finish a message within " + in_milliseconds(limit),
                           "hung"};
  publish(*child, event_kind::hung, reason, now);
  now.effects.push_back(plan::kill_child{child->id, child->generation});
  now.effects.push_back(plan::abandoned{child->id, child->generation});
  failed(*child, reason, now);
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
  if (event.reason.kind == exit_kind::normal && child->spec->restart != restart_type::permanent) {
    child->served = true;
    exited_by_itself(*child, event.reason, now);
  } else {
    attempt_failed(*child, event.reason, now);
  }
}

void restart_plan::on(const plan::orphaned& event, turn&) {
  if (!ending() || !deadline_) return;
  orphans_.insert(event.path);
  timers_.emplace(deadline_->end_at, whole_plan);
}

void restart_plan::on(const plan::orphan_ended& event, turn&) { orphans_.erase(event.path); }

void restart_plan::on(const plan::stop_all& event, turn& now) {
  if (event.within && !deadline_) {
    deadline_ = deadline{now.now + *event.within * 3 / 4, now.now + *event.within};
    timers_.emplace(deadline_->kill_at, whole_plan);
  }
  if (!ending()) begin_end(now);
}

void restart_plan::on(const plan::terminate& event, turn& now) {
  if (auto* child = find(event.id); child && !ending()) terminate(*child, now);
}

void restart_plan::on(const plan::restart& event, turn& now) {
  if (auto* child = find(event.id); child && !ending() && phase_ != phase::idle) restart(*child, now);
}

void restart_plan::on(const plan::tick&, turn& now) {
  while (!timers_.empty() && timers_.begin()->first <= now.now) {
    if (timers_.begin()->second == whole_plan) {
      timers_.erase(timers_.begin());
      on_deadline(now);
      continue;
    }
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
      child.fault = "not ready within " + in_milliseconds(child.spec->start_timeout);
      return kill(child, now);
    case child_state::stopping:
      if (!child.killing) return kill(child, now);
      now.effects.push_back(plan::abandoned{child.id, child.generation});
      return exited_while_stopping(child, event_kind::abandoned, {exit_kind::killed, "abandoned"}, now);
    case child_state::up:
      set_timer(child, now.now + child.spec->progress_limit / progress_samples);
      now.effects.push_back(plan::check_progress{child.id, child.generation});
      return;
    case child_state::parked:
    case child_state::down: return;
  }
}

/// The time for an orderly stop is over: whoever is left is killed, all at once. Or all time is over, and
/// nobody waits for orphans any more.
void restart_plan::on_deadline(turn& now) {
  for (const auto at : stops_)
    if (auto& child = children_.at(at); !child.killing) kill(child, now);
  if (now.now < deadline_->end_at) return;
  for (const auto& path : std::exchange(orphans_, {})) {
    supervision_event what;
    what.kind = event_kind::abandoned;
    what.path = path;
    what.reason = {exit_kind::killed, "abandoned"};
    what.at = now.now;
    now.effects.push_back(plan::publish{std::move(what)});
    now.effects.push_back(plan::abandoned{path, 0});
  }
}

}  // namespace bulwark
