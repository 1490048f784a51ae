// SPDX-License-Identifier: BSD-3-Clause
// The book-keeping of a restart_plan, its dynamic children and what it shows of itself.
#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/supervision/core/restart_plan.hpp"

namespace bulwark {

namespace {

bool is_alive(child_state state) {
  return state == child_state::starting || state == child_state::up || state == child_state::stopping;
}

}  // namespace

restart_plan::restart_plan(const supervisor_flags& flags, std::vector<child_spec> children,
                           std::uint64_t seed)
    : flags_{flags}, budget_{flags.intensity, flags.period}, random_{seed} {
  BULWARK_INVARIANT(validate(flags, children).empty());
  for (auto& spec : children) append(std::move(spec));
}

restart_plan::entry* restart_plan::find(std::string_view id) {
  const auto found = by_id_.find(std::string{id});
  return found == by_id_.end() ? nullptr : &children_.at(found->second);
}

/// The child, if this generation of it is alive; events of any other are stale.
restart_plan::entry* restart_plan::incarnation(const std::string& id, std::uint64_t generation) {
  auto* child = find(id);
  return child && child->generation == generation && is_alive(child->state) ? child : nullptr;
}

restart_plan::entry& restart_plan::append(child_spec spec) {
  const auto at = next_position_++;
  by_id_.emplace(spec.id, at);
  auto& child = children_[at];
  child.delay = backoff{spec.delays};
  child.spec = std::move(spec);
  child.at = at;
  return child;
}

void restart_plan::drop(entry& child) {
  const auto at = child.at;
  clear_timer(child);
  starts_.erase(at);
  stops_.erase(at);
  by_id_.erase(child.spec.id);
  children_.erase(at);
}

void restart_plan::set_timer(entry& child, instant due) {
  clear_timer(child);
  child.timer = due;
  timers_.emplace(due, child.at);
}

void restart_plan::clear_timer(entry& child) {
  if (!child.timer) return;
  timers_.erase({*child.timer, child.at});
  child.timer.reset();
}

std::optional<instant> restart_plan::next_wakeup() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
}

plan_error restart_plan::start_child(child_spec spec, instant now, std::vector<plan::effect>& effects) {
  if (ending()) return plan_error::ending;
  if (!spec.validate().empty()) return plan_error::invalid_spec;
  if (const auto* present = find(spec.id))
    return present->state == child_state::down ? plan_error::already_present : plan_error::already_started;
  auto& child = append(std::move(spec));
  child.dynamic = true;
  if (phase_ == phase::idle) return plan_error::none;  // start_all will start it with the others
  child.wanted = true;
  child.state = child_state::waiting;
  turn at{now, effects};
  // While children are still started in their order, it joins at the end; later it is on its own.
  if (phase_ == phase::starting) starts_.insert(child.at);
  settle(child, at);
  progress(at);
  return plan_error::none;
}

plan_error restart_plan::terminate_child(std::string_view id, instant now,
                                         std::vector<plan::effect>& effects) {
  if (ending()) return plan_error::ending;
  auto* child = find(id);
  if (!child) return plan_error::not_found;
  turn at{now, effects};
  terminate(*child, at);
  progress(at);
  return plan_error::none;
}

plan_error restart_plan::restart_child(std::string_view id, instant now, std::vector<plan::effect>& effects) {
  if (ending()) return plan_error::ending;
  auto* child = find(id);
  if (!child) return plan_error::not_found;
  if (is_alive(child->state)) return plan_error::running;
  if (child->state == child_state::waiting) return plan_error::restarting;
  turn at{now, effects};
  restart(*child, at);
  progress(at);
  return plan_error::none;
}

plan_error restart_plan::delete_child(std::string_view id, std::vector<plan::effect>& effects) {
  if (ending()) return plan_error::ending;
  auto* child = find(id);
  if (!child) return plan_error::not_found;
  if (is_alive(child->state)) return plan_error::running;
  if (child->state == child_state::waiting) return plan_error::restarting;
  effects.push_back(plan::child_gone{child->spec.id, true});
  drop(*child);
  return plan_error::none;
}

child_view restart_plan::view(const entry& child) {
  return {child.spec.id,    child.spec.type, child.spec.restart, child.state,
          child.generation, child.restarts,  child.last_reason,  child.ready_at};
}

std::vector<child_view> restart_plan::which_children() const {
  std::vector<child_view> views;
  views.reserve(children_.size());
  for (const auto& [at, child] : children_) views.push_back(view(child));
  return views;
}

std::optional<child_view> restart_plan::find_child(std::string_view id) const {
  const auto found = by_id_.find(std::string{id});
  if (found == by_id_.end()) return std::nullopt;
  return view(children_.at(found->second));
}

child_counts restart_plan::count_children() const {
  child_counts counts;
  for (const auto& [at, child] : children_) {
    ++counts.specs;
    ++(child.spec.type == child_type::supervisor ? counts.supervisors : counts.workers);
    if (is_alive(child.state)) ++counts.active;
  }
  return counts;
}

const char* to_string(child_state state) noexcept {
  switch (state) {
    case child_state::waiting: return "waiting";
    case child_state::starting: return "starting";
    case child_state::up: return "up";
    case child_state::stopping: return "stopping";
    case child_state::down: return "down";
  }
  return "unknown";
}

const char* to_string(plan_error error) noexcept {
  switch (error) {
    case plan_error::none: return "none";
    case plan_error::invalid_spec: return "invalid_spec";
    case plan_error::not_found: return "not_found";
    case plan_error::already_started: return "already_started";
    case plan_error::already_present: return "already_present";
    case plan_error::running: return "running";
    case plan_error::restarting: return "restarting";
    case plan_error::ending: return "ending";
  }
  return "unknown";
}

}  // namespace bulwark
