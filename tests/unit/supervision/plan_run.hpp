// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/supervision/core/restart_plan.hpp"

namespace bulwark {

/// A restart_plan with a world around it that obliges: what is started is ready at once, what is asked to
/// stop does. Children named in `slow_to_start`, `deaf` (to stops) and `immortal` (even to kills) do not;
/// `broken` ones fail to start. Everything the plan orders ends up in `log` as a short word: "start b#2",
/// "stop c#1", "kill", "abandon", "gone", "drop", "all_ready", "gave_up", "stopped".
/// `ignored` ones have nothing to serve. What a child has done is looked up in `progress`.
class plan_run {
 public:
  plan_run(const supervisor_flags& flags, std::vector<child_spec> specs,
           std::function<instant(instant)> draw_token = {})
      : plan{flags, std::move(specs), 1, std::move(draw_token)} {}

  void take(plan::event event) {
    happenings_.push_back(std::move(event));
    while (!happenings_.empty()) {
      const auto next = std::move(happenings_.front());
      happenings_.pop_front();
      note_end(next);
      std::vector<plan::effect> effects;
      plan.step(next, now, effects);
      react(effects);
    }
  }

  void begin() { take(plan::start_all{}); }

  /// One more child of a pool; its id, or nothing.
  std::string add() {
    std::vector<plan::effect> effects;
    const auto id = plan.start_pool_child(now, effects);
    react(effects);
    take(plan::tick{});
    return id.value_or("");
  }

  plan_error start(child_spec spec) {
    return doing([&](auto& effects) { return plan.start_child(std::move(spec), now, effects); });
  }
  plan_error terminate(const std::string& id) {
    return doing([&](auto& effects) { return plan.terminate_child(id, now, effects); });
  }
  plan_error restart(const std::string& id) {
    return doing([&](auto& effects) { return plan.restart_child(id, now, effects); });
  }
  plan_error remove(const std::string& id) {
    return doing([&](auto& effects) { return plan.delete_child(id, effects); });
  }

  /// The current incarnation ends by itself.
  void crash(const std::string& id, exit_kind kind = exit_kind::failure) {
    fail(id, {kind, to_string(kind)});
  }

  void fail(const std::string& id, exit_status reason) {
    take(plan::child_exited{id, plan.find_child(id)->generation, std::move(reason)});
  }

  void become_ready(const std::string& id) { take(plan::child_ready{id, plan.find_child(id)->generation}); }

  void advance(duration length) {
    const auto end = now + length;
    for (auto due = plan.next_wakeup(); due && *due <= end; due = plan.next_wakeup()) {
      if (*due > now) now = *due;
      take(plan::tick{});
    }
    now = end;
  }

  void react(const std::vector<plan::effect>& effects) {
    for (const auto& effect : effects) std::visit([this](const auto& what) { perform(what); }, effect);
  }

  /// What was ordered since the last call.
  std::vector<std::string> orders() { return std::exchange(log, {}); }

  std::string state(const std::string& id) const {
    const auto view = plan.find_child(id);
    return view ? to_string(view->state) : "no such child";
  }

  restart_plan plan;
  instant now{std::chrono::hours{1}};
  std::vector<std::string> log;
  std::vector<supervision_event> published;
  std::set<std::string> slow_to_start, broken, ignored, deaf, immortal;
  std::map<std::string, std::uint64_t> progress;
  std::string why_gave_up, why_stopped;
  std::string doubled;  ///< a child that was started while its last incarnation was alive; empty if none was

 private:
  void perform(const plan::start_child& order) {
    note("start", order.id, order.generation);
    if (!alive_.insert(order.id).second) doubled = order.id;
    if (broken.contains(order.id)) {
      happenings_.emplace_back(plan::start_failed{order.id, order.generation, "broken"});
    } else if (ignored.contains(order.id)) {
      happenings_.emplace_back(plan::start_ignored{order.id, order.generation});
    } else if (!slow_to_start.contains(order.id)) {
      happenings_.emplace_back(plan::child_ready{order.id, order.generation});
    }
  }

  void perform(const plan::stop_child& order) {
    note("stop", order.id, order.generation);
    if (deaf.contains(order.id) || immortal.contains(order.id)) return;
    happenings_.emplace_back(
        plan::child_exited{order.id, order.generation, {exit_kind::shutdown, "shutdown"}});
  }

  void perform(const plan::kill_child& order) {
    note("kill", order.id, order.generation);
    if (immortal.contains(order.id)) return;
    happenings_.emplace_back(plan::child_exited{order.id, order.generation, {exit_kind::killed, "kill"}});
  }

  void perform(const plan::abandoned& order) {
    note("abandon", order.id, order.generation);
    alive_.erase(order.id);
  }
  void perform(const plan::child_gone& order) {
    log.push_back((order.dropped ? "drop " : "gone ") + order.id);
  }
  void perform(const plan::publish& order) { published.push_back(order.what); }
  void perform(const plan::all_ready&) { log.emplace_back("all_ready"); }
  void perform(const plan::check_progress& order) {
    happenings_.emplace_back(plan::progress_seen{order.id, order.generation, progress[order.id]});
  }
  void perform(const plan::stopped& order) {
    log.emplace_back("stopped");
    why_stopped = order.reason;
  }
  void perform(const plan::gave_up& order) {
    log.emplace_back("gave_up");
    why_gave_up = order.reason;
  }

  template <class Operation>
  plan_error doing(Operation operation) {
    std::vector<plan::effect> effects;
    const auto result = operation(effects);
    react(effects);
    take(plan::tick{});  // lets the obliging world answer
    return result;
  }

  /// Ends that the plan is told of, for `doubled`.
  void note_end(const plan::event& event) {
    if (const auto* ended = std::get_if<plan::child_exited>(&event)) forget(ended->id, ended->generation);
    if (const auto* failed = std::get_if<plan::start_failed>(&event)) forget(failed->id, failed->generation);
    if (const auto* ignored_start = std::get_if<plan::start_ignored>(&event))
      forget(ignored_start->id, ignored_start->generation);
  }

  void forget(const std::string& id, std::uint64_t generation) {
    const auto view = plan.find_child(id);
    if (view && view->generation == generation) alive_.erase(id);
  }

  void note(const char* what, const std::string& id, std::uint64_t generation) {
    log.push_back(std::string{what} + ' ' + id + '#' + std::to_string(generation));
  }

  std::deque<plan::event> happenings_;
  std::set<std::string> alive_;
};

inline child_spec named(std::string id, restart_type restart = restart_type::permanent) {
  child_spec spec;
  spec.id = std::move(id);
  spec.restart = restart;
  return spec;
}

inline supervisor_flags flags_of(restart_strategy strategy, std::uint32_t intensity = 10) {
  supervisor_flags flags;
  flags.strategy = strategy;
  flags.intensity = intensity;
  return flags;
}

}  // namespace bulwark
