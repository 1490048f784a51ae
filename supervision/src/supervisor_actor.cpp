// SPDX-License-Identifier: BSD-3-Clause
#include "supervisor_actor.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/short_turn.hpp"
#include "bulwark/actors/stable_ref.hpp"

namespace bulwark {

namespace {

const supervisor_actor* as_supervisor(const caf::actor& handle) {
  return handle ? dynamic_cast<const supervisor_actor*>(caf::actor_cast<caf::abstract_actor*>(handle))
                : nullptr;
}

std::string path_below(const caf::actor& parent, const std::string& name) {
  const auto* above = as_supervisor(parent);
  if (!above) return {};  // also the root of a tree that reports to somebody else
  return above->path().empty() ? name : above->path() + '/' + name;
}

event_sink sink_of(const supervisor_options& options) {
  if (options.sink) return options.sink;
  const auto* parent = as_supervisor(options.parent);
  return parent ? parent->sink() : event_sink{};
}

std::shared_ptr<event_feed> feed_of(const supervisor_options& options) {
  const auto* parent = as_supervisor(options.parent);
  return parent ? parent->feed() : std::make_shared<event_feed>();
}

std::shared_ptr<shared_rate> rate_of(const supervisor_options& options) {
  if (const auto* parent = as_supervisor(options.parent)) return parent->rate();
  return options.restart_rate ? std::make_shared<shared_rate>(*options.restart_rate) : nullptr;
}

std::function<instant(instant)> token_source_of(const std::shared_ptr<shared_rate>& rate) {
  if (!rate) return {};
  return [rate](instant now) { return rate->reserve(now); };
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
      feed_{feed_of(options)},
      rate_{rate_of(options)},
      is_root_{as_supervisor(options.parent) == nullptr},
      parent_{caf::actor_cast<caf::actor_addr>(options.parent)},
      plan_{options.flags, specs_of(options.children), options.seed, token_source_of(rate_)},
      started_at_{now()} {
  for (auto& one : options.children) {
    auto shared = std::make_shared<const child>(std::move(one));
    if (options.flags.strategy == restart_strategy::simple_one_for_one)
      template_ = std::move(shared);
    else
      members_.emplace(shared->spec.id, member{shared, shared->ref});
  }
}

caf::behavior supervisor_actor::make_behavior() {
  set_down_handler([this](caf::down_msg& down) { on_down(down); });
  set_exit_handler([this](caf::exit_msg& message) { on_exit_message(message); });
  if (parent_) monitor(parent_);
  take(plan::start_all{});
  caf::message_handler own{
      [this](child_ready) { on_ready(); },
      [this](const failure_passed_over& what) {
        take(plan::child_resumed{
            what.id, what.generation, {exit_kind::failure, what.text, what.category, what.code}});
      },
      [this](const supervisor_tick& tick) {
        if (tick.number != timer_number_) return;  // another one was set since
        timer_.reset();
        take(plan::tick{});
      },
      [this](const orphans_left& left) { on_orphans(left); },
      [this](const orphans_go_to& order) { heir_ = order.heir.address(); },
      [this](const get_tree& question) { return answer_tree(question); },
      [this](const kill_child& order) { return answer_kill(order); },
  };
  return own.or_else(orders());
}

/// Runs when the actor ends in whatever way. After an orderly end no child is left; after a kill they have to
/// go as well, and at once, since their successors may come at any time.
void supervisor_actor::on_exit() {
  leave_orphans();
  for (auto& [id, one] : members_) {
    if (one.ref) unbind(one.ref);
    kill_now(one.current);
    // Nobody will start this tree again, nor its like the children of a pool.
    if (!parent_)
      let_go(one, true);
    else if (template_ && one.ref)
      close(one.ref, caf::make_error(caf::exit_reason::unreachable));
  }
  members_.clear();
  incarnations_.clear();
  orphans_.clear();
  stop_requests_.clear();
  if (is_root_) feed_->close();
}

std::string supervisor_actor::path_of(const std::string& id) const {
  return path_.empty() ? id : path_ + '/' + id;
}

instant supervisor_actor::now() const { return home_system().clock().now(); }

/// Steps the plan. What happens while its effects are performed waits for its turn.
void supervisor_actor::take(plan::event event) {
  events_.push_back(std::move(event));
  if (!stepping_) settle_events();
}

void supervisor_actor::settle_events() {
  const short_turn scope;
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

/// The effects of an order that did not come as an event.
void supervisor_actor::perform_all(const std::vector<plan::effect>& effects) {
  stepping_ = true;
  for (const auto& effect : effects) std::visit([this](const auto& what) { perform(what); }, effect);
  settle_events();
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
  if (const auto orphan = orphans_.extract(down.source))
    return take(plan::orphan_ended{std::move(orphan.mapped())});
  const auto found = incarnations_.find(down.source);
  if (found == incarnations_.end()) return;
  const auto [id, generation] = std::move(found->second);
  incarnations_.erase(found);
  if (const auto at = members_.find(id); at != members_.end() && at->second.generation == generation) {
    report_quarantine(at->second, id, down.reason);
    if (at->second.ref) unbind(at->second.ref);
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

start_result supervisor_actor::run_start(const member& of, std::string& problem) {
  const auto self = caf::actor_cast<caf::actor>(this);
  try {
    auto result = of.what->start_with ? of.what->start_with(home_system(), self, of.arguments)
                                      : of.what->start(home_system(), self);
    if (!result.handle && !result.ignored) problem = "its start function gave no actor";
    return result;
  } catch (...) {
    problem = error_text(error_of_exception(std::current_exception()));
  }
  return {};
}

void supervisor_actor::perform(const plan::start_child& effect) {
  auto& one = members_.at(effect.id);
  if (one.what->recovery) {
    const auto tell = [sink = sink_, feed = feed_](const supervision_event& event) {
      if (sink) sink(event);
      feed->publish(event);
    };
    one.what->recovery->report_to(tell, path_of(effect.id));
  }
  std::string problem;
  auto result = run_start(one, problem);
  if (!problem.empty()) {
    events_.emplace_back(plan::start_failed{effect.id, effect.generation, std::move(problem)});
    return;
  }
  if (result.ignored) {
    events_.emplace_back(plan::start_ignored{effect.id, effect.generation});
    return;
  }
  one.current = std::move(result.handle);
  one.info = std::move(result.info);
  one.generation = effect.generation;
  if (one.what->spec.restart == restart_type::temporary) one.arguments = {};
  incarnations_[one.current.address()] = {effect.id, effect.generation};
  // The exit of one that is linked already would come behind its end, and be taken for an order to stop.
  unlink_from(one.current);
  monitor(one.current);
  pass_over_failures(one, effect.id);
  if (!one.what->reports_ready) events_.emplace_back(plan::child_ready{effect.id, effect.generation});
}

/// Lets the incarnation itself go on after the failures that its rules say so of: only it can.
void supervisor_actor::pass_over_failures(const member& of, const std::string& id) {
  const auto& spec = *plan_.find_spec(id);
  const auto resumes = [](const failure_rule& rule) { return rule.then == directive::resume; };
  auto* target = dynamic_cast<service_actor*>(caf::actor_cast<caf::abstract_actor*>(of.current));
  if (!target || std::ranges::none_of(spec.rules, resumes)) return;
  target->pass_over_failures(
      [spec, id, generation = of.generation, self = address()](const exit_status& failure) {
        if (spec.decide(failure) != directive::resume) return false;
        if (const auto supervisor = caf::actor_cast<caf::actor>(self))
          caf::anon_send(supervisor,
                         failure_passed_over{id, generation, failure.text, failure.category, failure.code});
        return true;
      });
}

void supervisor_actor::perform(const plan::stop_child& effect) {
  auto& one = members_.at(effect.id);
  if (one.ref) unbind(one.ref);  // what comes from now on is for its successor
  if (!effect.within || one.what->spec.type != child_type::supervisor) return ask_to_stop(one.current);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*effect.within);
  request(one.current, caf::infinite,
          stop_tree{static_cast<std::uint32_t>(std::max<std::int64_t>(1, left.count()))})
      .then(
          [this](stop_report& below) {
            abandoned_.insert(abandoned_.end(), std::make_move_iterator(below.abandoned.begin()),
                              std::make_move_iterator(below.abandoned.end()));
          },
          [](const caf::error&) {});  // it ended before, or it is no supervisor of ours: its down_msg tells
}

void supervisor_actor::perform(const plan::kill_child& effect) {
  auto& one = members_.at(effect.id);
  if (one.ref) unbind(one.ref);
  kill_now(one.current);
}

void supervisor_actor::perform(const plan::check_progress& effect) {
  const auto& handle = members_.at(effect.id).current;
  const auto* seen =
      handle ? dynamic_cast<const service_actor*>(caf::actor_cast<caf::abstract_actor*>(handle)) : nullptr;
  if (seen) events_.emplace_back(plan::progress_seen{effect.id, effect.generation, seen->progress()});
}

void supervisor_actor::perform(const plan::child_gone& effect) {
  const auto at = members_.find(effect.id);
  if (at == members_.end()) return;
  answer_started(at->second, effect.id);
  let_go(at->second, effect.dropped);
  if (effect.dropped) members_.erase(at);
}

void supervisor_actor::perform(const plan::publish& effect) {
  if (const auto at = members_.find(effect.what.path); at != members_.end()) {
    auto& one = at->second;
    if (effect.what.kind == event_kind::ready && one.ref) bind_reference(one, at->first);
    answer_orders(one, effect.what);
  }
  if (!sink_ && !feed_->is_wanted()) return;
  auto event = effect.what;
  event.path = event.path.empty() ? path_ : path_of(event.path);
  tell(event);
}

void supervisor_actor::tell(const supervision_event& event) const {
  if (sink_) sink_(event);
  feed_->publish(event);
}

void supervisor_actor::perform(const plan::all_ready&) {
  if (const auto parent = caf::actor_cast<caf::actor>(parent_)) send(parent, child_ready{});
}

void supervisor_actor::perform(const plan::gave_up& effect) {
  report_abandoned();
  quit(plan_.flags().gives_up_quietly ? shutdown_reason(effect.reason)
                                      : caf::error{supervision_error::gave_up, effect.reason});
}

void supervisor_actor::perform(const plan::stopped& effect) {
  report_abandoned();
  quit(effect.reason.empty() ? last_words_ : shutdown_reason(effect.reason));
}

}  // namespace bulwark
