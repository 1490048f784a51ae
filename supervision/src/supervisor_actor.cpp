// SPDX-License-Identifier: BSD-3-Clause
#include "supervisor_actor.hpp"

#include <utility>

#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/stable_ref.hpp"

namespace bulwark {

namespace {

const supervisor_actor* as_supervisor(const caf::actor& handle) {
  return handle ? dynamic_cast<const supervisor_actor*>(caf::actor_cast<caf::abstract_actor*>(handle))
                : nullptr;
}

std::string path_below(const caf::actor& parent, const std::string& name) {
  if (!parent) return {};
  const auto above = supervisor_path(parent);
  return above.empty() ? name : above + '/' + name;
}

event_sink sink_of(const supervisor_options& options) {
  if (options.sink) return options.sink;
  const auto* parent = as_supervisor(options.parent);
  return parent ? parent->sink() : event_sink{};
}

std::vector<child_spec> specs_of(const std::vector<child>& children) {
  std::vector<child_spec> specs;
  for (const auto& one : children) specs.push_back(one.spec);
  return specs;
}

}  // namespace

std::string supervisor_path(const caf::actor& supervisor) {
  const auto* found = as_supervisor(supervisor);
  return found ? found->path() : std::string{};
}

supervisor_actor::supervisor_actor(caf::actor_config& config, supervisor_options options)
    : service_actor{config},
      name_{options.name},
      path_{path_below(options.parent, options.name)},
      sink_{sink_of(options)},
      parent_{caf::actor_cast<caf::actor_addr>(options.parent)},
      plan_{options.flags, specs_of(options.children), options.seed},
      started_at_{now()} {
  for (auto& one : options.children) {
    auto id = one.spec.id;
    members_.emplace(std::move(id), member{std::move(one), {}, 0});
  }
}

caf::behavior supervisor_actor::make_behavior() {
  set_down_handler([this](caf::down_msg& down) { on_down(down); });
  set_exit_handler([this](caf::exit_msg& message) { on_exit_message(message); });
  if (parent_) monitor(parent_);
  take(plan::start_all{});
  return {
      [this](child_ready) { on_ready(); },
      [this](const supervisor_tick& tick) {
        if (tick.number != timer_number_) return;  // another one was set since
        timer_.reset();
        take(plan::tick{});
      },
      [this](const get_tree& question) { return answer_tree(question); },
      [this](const kill_child& order) { return answer_kill(order); },
  };
}

/// Runs when the actor ends in whatever way. After an orderly end no child is left; after a kill they have to
/// go as well, and at once, since their successors may come at any time.
void supervisor_actor::on_exit() {
  for (auto& [id, one] : members_) {
    if (one.what.ref) unbind(one.what.ref);
    kill_now(one.current);
    if (!parent_) let_go(one, true);  // nobody will start this tree again
  }
  members_.clear();
  incarnations_.clear();
}

instant supervisor_actor::now() const { return home_system().clock().now(); }

/// Steps the plan. What happens while its effects are performed waits for its turn.
void supervisor_actor::take(plan::event event) {
  events_.push_back(std::move(event));
  if (stepping_) return;
  stepping_ = true;
  std::vector<plan::effect> effects;
  while (!events_.empty()) {
    const auto next = std::move(events_.front());
    events_.pop_front();
    effects.clear();
    plan_.step(next, now(), effects);
    for (const auto& effect : effects) std::visit([this](const auto& what) { perform(what); }, effect);
  }
  stepping_ = false;
  set_timer();
}

void supervisor_actor::set_timer() {
  const auto due = plan_.next_wakeup();
  if (!due || (timer_ && *timer_ <= *due)) return;  // one that comes too early does no harm
  timer_ = due;
  scheduled_send(this, *due, supervisor_tick{++timer_number_});
}

// -- what happens to it ---------------------------------------------------------------------------

void supervisor_actor::on_down(const caf::down_msg& down) {
  if (parent_ && down.source == parent_) {
    last_words_ = shutdown_reason("the parent supervisor ended");
    return take(plan::stop_all{});
  }
  const auto found = incarnations_.find(down.source);
  if (found == incarnations_.end()) return;
  const auto [id, generation] = std::move(found->second);
  incarnations_.erase(found);
  if (const auto at = members_.find(id); at != members_.end() && at->second.generation == generation) {
    if (at->second.what.ref) unbind(at->second.what.ref);
    at->second.current = nullptr;
  }
  take(plan::child_exited{id, generation, describe_exit(down.reason)});
}

void supervisor_actor::on_exit_message(const caf::exit_msg& message) {
  // A child that is linked to its supervisor is no order to stop: its down_msg says what happened.
  if (!message.reason || incarnations_.contains(message.source)) return;
  last_words_ = message.reason;
  take(plan::stop_all{});
}

void supervisor_actor::on_ready() {
  const auto found = incarnations_.find(caf::actor_cast<caf::actor_addr>(current_sender()));
  if (found != incarnations_.end()) take(plan::child_ready{found->second.id, found->second.generation});
}

// -- what the plan wants --------------------------------------------------------------------------

void supervisor_actor::perform(const plan::start_child& effect) {
  auto& one = members_.at(effect.id);
  std::string problem;
  caf::actor born;
  try {
    born = one.what.start(home_system(), caf::actor_cast<caf::actor>(this));
    if (!born) problem = "its start function gave no actor";
  } catch (const std::exception& thrown) {
    problem = thrown.what();
  } catch (...) {
    problem = "its start function threw something that is no std::exception";
  }
  if (!born) {
    events_.emplace_back(plan::start_failed{effect.id, effect.generation, std::move(problem)});
    return;
  }
  one.current = born;
  one.generation = effect.generation;
  incarnations_[born.address()] = {effect.id, effect.generation};
  monitor(born);
  if (!one.what.reports_ready) events_.emplace_back(plan::child_ready{effect.id, effect.generation});
}

void supervisor_actor::perform(const plan::stop_child& effect) {
  auto& one = members_.at(effect.id);
  if (one.what.ref) unbind(one.what.ref);  // what comes from now on is for its successor
  ask_to_stop(one.current);
}

void supervisor_actor::perform(const plan::kill_child& effect) {
  auto& one = members_.at(effect.id);
  if (one.what.ref) unbind(one.what.ref);
  kill_now(one.current);
}

void supervisor_actor::perform(const plan::abandoned& effect) {
  auto& one = members_.at(effect.id);
  if (one.current) incarnations_.erase(one.current.address());
  one.current = nullptr;
}

void supervisor_actor::perform(const plan::child_gone& effect) {
  const auto at = members_.find(effect.id);
  if (at == members_.end()) return;
  let_go(at->second, effect.dropped);
  if (effect.dropped) members_.erase(at);
}

void supervisor_actor::perform(const plan::publish& effect) {
  if (effect.what.kind == event_kind::ready) {
    auto& one = members_.at(effect.what.path);
    if (one.what.ref) bind(one.what.ref, one.current);
  }
  if (!sink_) return;
  auto event = effect.what;
  if (event.path.empty()) {
    event.path = path_;
  } else if (!path_.empty()) {
    event.path = path_ + '/' + event.path;
  }
  sink_(event);
}

void supervisor_actor::perform(const plan::all_ready&) {
  if (const auto parent = caf::actor_cast<caf::actor>(parent_)) send(parent, child_ready{});
}

void supervisor_actor::perform(const plan::gave_up& effect) { quit(shutdown_reason(effect.reason)); }

void supervisor_actor::perform(const plan::stopped&) { quit(last_words_); }

void supervisor_actor::let_go(member& of, bool for_good) {
  if (of.what.ref && for_good) {
    close(of.what.ref, caf::make_error(caf::exit_reason::unreachable));
  } else if (of.what.ref) {
    vacate(of.what.ref);
  }
  if (of.what.gone) of.what.gone(for_good);
}

}  // namespace bulwark
