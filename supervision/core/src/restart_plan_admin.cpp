// SPDX-License-Identifier: BSD-3-Clause
// The book-keeping of a restart_plan, its dynamic children and what it shows of itself.
#include <charconv>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/supervision/core/restart_plan.hpp"

namespace bulwark {

namespace {

bool is_alive(child_state state) {
  return state == child_state::starting || state == child_state::up || state == child_state::stopping;
}

}  // namespace

restart_plan::restart_plan(const supervisor_flags& flags, std::vector<child_spec> children,
                           std::uint64_t seed, std::function<instant(instant)> draw_token)
    : flags_{flags},
      budget_{flags.intensity, flags.period},
      draw_token_{std::move(draw_token)},
      random_{seed} {
  BULWARK_INVARIANT(validate(flags, children).empty());
  for (auto& spec : children) {
    auto shared = std::make_shared<const child_spec>(std::move(spec));
    if (is_pool())
      template_ = std::move(shared);
    else
      append(shared->id, shared);
  }
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

restart_plan::entry& restart_plan::append(std::string id, std::shared_ptr<const child_spec> spec) {
  const auto at = next_position_++;
  by_id_.emplace(id, at);
  auto& child = children_[at];
  child.id = std::move(id);
  child.at = at;
  adopt(child, std::move(spec));
  return child;
}

/// Delays and limits that have not changed go on from where they are.
void restart_plan::adopt(entry& child, std::shared_ptr<const child_spec> spec) {
  if (!child.spec || child.spec->delays != spec->delays) child.delay = backoff{spec->delays};
  if (!child.spec || child.spec->own_limit != spec->own_limit) {
    child.own.reset();
    if (spec->own_limit)
      child.own = std::make_unique<restart_budget>(spec->own_limit->intensity, spec->own_limit->period);
  }
  child.spec = std::move(spec);
}

void restart_plan::drop(entry& child) {
  const auto at = child.at;
  clear_timer(child);
  starts_.erase(at);
  stops_.erase(at);
  by_id_.erase(child.id);
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
  if (is_pool()) return plan_error::simple_one_for_one;
  if (!validate_child(flags_, spec).empty()) return plan_error::invalid_spec;
  if (const auto* present = find(spec.id))
    return present->state == child_state::down ? plan_error::already_present : plan_error::already_started;
  for (const auto& needed : spec.depends_on)
    if (!find(needed)) return plan_error::invalid_spec;
  const auto shared = std::make_shared<const child_spec>(std::move(spec));
  begin_dynamic(append(shared->id, shared), now, effects);
  return plan_error::none;
}

std::optional<std::string> restart_plan::start_pool_child(instant now, std::vector<plan::effect>& effects) {
  if (ending() || !is_pool() || phase_ == phase::idle) return std::nullopt;
  auto id = template_->id + ':' + std::to_string(next_position_ + 1);
  begin_dynamic(append(id, template_), now, effects);
  return id;
}

void restart_plan::begin_dynamic(entry& child, instant now, std::vector<plan::effect>& effects) {
  child.dynamic = true;
  if (phase_ == phase::idle) return;  // start_all will start it with the others
  child.wanted = true;
  child.state = child_state::waiting;
  turn at{now, effects};
  // While children are still started in their order, it joins at the end; later it is on its own.
  if (phase_ == phase::starting) starts_.insert(child.at);
  settle(child, at);
  progress(at);
}

plan_error restart_plan::terminate_child(std::string_view id, instant now,
                                         std::vector<plan::effect>& effects) {
  if (ending()) return plan_error::ending;
  auto* child = find(id);
  if (!child) return was_of_pool(id) ? plan_error::none : plan_error::not_found;
  turn at{now, effects};
  terminate(*child, at);
  progress(at);
  return plan_error::none;
}

/// True for a child that a pool once had.
bool restart_plan::was_of_pool(std::string_view id) const {
  if (!is_pool() || !id.starts_with(template_->id + ':')) return false;
  const auto digits = id.substr(template_->id.size() + 1);
  position number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return problem == std::errc{} && end == digits.data() + digits.size() && number >= 1 &&
         number <= next_position_;
}

plan_error restart_plan::restart_child(std::string_view id, instant now, std::vector<plan::effect>& effects) {
  if (ending()) return plan_error::ending;
  if (is_pool()) return plan_error::simple_one_for_one;
  auto* child = find(id);
  if (!child) return plan_error::not_found;
  if (is_alive(child->state)) return plan_error::running;
  if (child->state == child_state::waiting) return plan_error::restarting;
  turn at{now, effects};
  child->once = true;
  restart(*child, at);
  progress(at);
  return plan_error::none;
}

plan_error restart_plan::delete_child(std::string_view id, std::vector<plan::effect>& effects) {
  if (ending()) return plan_error::ending;
  if (is_pool()) return plan_error::simple_one_for_one;
  auto* child = find(id);
  if (!child) return plan_error::not_found;
  if (is_alive(child->state)) return plan_error::running;
  if (child->state == child_state::waiting) return plan_error::restarting;
  effects.push_back(plan::child_gone{child->id, true});
  drop(*child);
  return plan_error::none;
}

std::string restart_plan::change(const supervisor_flags& flags, std::vector<child_spec> specs) {
  if (ending()) return "the supervisor ends";
  if ((flags.strategy == restart_strategy::simple_one_for_one) != is_pool())
    return "a supervisor cannot become simple_one_for_one, or cease to be it";
  if (auto problem = validate(flags, specs); !problem.empty()) return problem;
  if (is_pool() && specs.front().id != template_->id) return "the id of a template cannot change";
  if (flags.intensity != flags_.intensity || flags.period != flags_.period)
    budget_ = restart_budget{flags.intensity, flags.period};
  flags_ = flags;
  for (auto& spec : specs) {
    auto shared = std::make_shared<const child_spec>(std::move(spec));
    if (is_pool()) {
      template_ = shared;
      for (auto& [at, child] : children_) adopt(child, shared);
    } else if (auto* child = find(shared->id)) {
      adopt(*child, shared);
    } else {
      append(shared->id, shared);
    }
  }
  return {};
}

child_view restart_plan::view(const entry& child) {
  const auto state = child.parked ? child_state::parked : child.state;
  return {child.id,         child.spec->type, child.spec->restart, state,
          child.generation, child.restarts,   child.last_reason,   child.ready_at};
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

const child_spec* restart_plan::find_spec(std::string_view id) const {
  if (template_ && id == template_->id) return template_.get();
  const auto found = by_id_.find(std::string{id});
  return found == by_id_.end() ? nullptr : children_.at(found->second).spec.get();
}

child_counts restart_plan::count_children() const {
  child_counts counts;
  if (is_pool()) counts.specs = 1;
  for (const auto& [at, child] : children_) {
    if (!is_pool()) ++counts.specs;
    ++(child.spec->type == child_type::supervisor ? counts.supervisors : counts.workers);
    if (is_alive(child.state)) ++counts.active;
  }
  return counts;
}

const char* to_string(child_state state) noexcept {
  switch (state) {
    case child_state::waiting: return "waiting";
    case child_state::parked: return "parked";
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
    case plan_error::simple_one_for_one: return "simple_one_for_one";
  }
  return "unknown";
}

}  // namespace bulwark
