// SPDX-License-Identifier: BSD-3-Clause
// What a supervisor is ordered: children at run time, changes, and the end of its tree.
#include <algorithm>
#include <memory>
#include <utility>

#include "supervisor_actor.hpp"

namespace bulwark {

namespace {

supervision_error translate(plan_error problem) {
  switch (problem) {
    case plan_error::none: return supervision_error::none;
    case plan_error::invalid_spec: return supervision_error::invalid_spec;
    case plan_error::not_found: return supervision_error::not_found;
    case plan_error::already_started: return supervision_error::already_started;
    case plan_error::already_present: return supervision_error::already_present;
    case plan_error::running: return supervision_error::running;
    case plan_error::restarting: return supervision_error::restarting;
    case plan_error::ending: return supervision_error::ending;
    case plan_error::simple_one_for_one: return supervision_error::simple_one_for_one;
  }
  return supervision_error::invalid_spec;
}

bool means_down(event_kind kind) {
  return kind == event_kind::exited || kind == event_kind::stopped || kind == event_kind::abandoned;
}

}  // namespace

caf::message_handler supervisor_actor::orders() {
  return {
      [this](start_child& order) { return on(order); },
      [this](start_pool_child& order) { return on(order); },
      [this](const terminate_child& order) { return on(order); },
      [this](const restart_child& order) { return on(order); },
      [this](const delete_child& order) { return on(order); },
      [this](change_supervisor& order) { return on(order); },
      [this](const stop_tree& order) { return on(order); },
      [this](which_children) { return list_children(); },
      [this](count_children) { return plan_.count_children(); },
      [this](const get_childspec& question) { return find_spec(question.id); },
      [this](const subscribe_events& order) { return on(order); },
      [this](const unsubscribe_events& order) { return on(order); },
  };
}

supervisor_actor::promised supervisor_actor::on(start_child& order) {
  reply_promise promise{this};
  std::vector<plan::effect> effects;
  if (auto problem = validate(order.what); !problem.empty()) {
    promise.deliver(caf::error{supervision_error::invalid_spec, std::move(problem)});
    return promise.later();
  }
  const auto refused = plan_.start_child(order.what.spec, now(), effects);
  if (refused != plan_error::none) {
    promise.deliver(
        refused == plan_error::invalid_spec
            ? caf::error{supervision_error::invalid_spec, validate_child(plan_.flags(), order.what.spec)}
            : caf::error{translate(refused)});
    return promise.later();
  }
  auto id = order.what.spec.id;
  member added{std::make_shared<const child>(std::move(order.what))};
  added.ref = added.what->ref;
  added.orders.push_back({open_order::kind::start, std::move(promise)});
  members_.emplace(std::move(id), std::move(added));
  perform_all(effects);
  return reply_promise::later();
}

supervisor_actor::promised supervisor_actor::on(start_pool_child& order) {
  reply_promise promise{this};
  std::vector<plan::effect> effects;
  auto id = plan_.start_pool_child(now(), effects);
  if (!id) {
    promise.deliver(
        caf::error{plan_.ending() ? supervision_error::ending : supervision_error::simple_one_for_one});
    return promise.later();
  }
  member added{template_};
  added.arguments = std::move(order.arguments);
  if (auto options = template_->ref_of_each) {
    if (options->name.empty()) options->name = path_of(*id);
    added.ref = make_stable_ref(home_system(), std::move(*options));
  }
  added.orders.push_back({open_order::kind::start, std::move(promise)});
  members_.emplace(std::move(*id), std::move(added));
  perform_all(effects);
  return reply_promise::later();
}

supervisor_actor::promised supervisor_actor::on(const terminate_child& order) {
  reply_promise promise{this};
  std::vector<plan::effect> effects;
  const auto refused = plan_.terminate_child(order.id, now(), effects);
  if (refused != plan_error::none) {
    promise.deliver(caf::error{translate(refused)});
    return promise.later();
  }
  const auto view = plan_.find_child(order.id);
  if (view && view->state == child_state::stopping) {
    members_.at(order.id).orders.push_back({open_order::kind::terminate, std::move(promise)});
  } else {
    promise.deliver(caf::ok_atom_v);
  }
  perform_all(effects);
  return reply_promise::later();
}

supervisor_actor::promised supervisor_actor::on(const restart_child& order) {
  reply_promise promise{this};
  std::vector<plan::effect> effects;
  const auto refused = plan_.restart_child(order.id, now(), effects);
  if (refused != plan_error::none) {
    promise.deliver(caf::error{translate(refused)});
    return promise.later();
  }
  members_.at(order.id).orders.push_back({open_order::kind::start, std::move(promise)});
  perform_all(effects);
  return reply_promise::later();
}

supervisor_actor::promised supervisor_actor::on(const delete_child& order) {
  reply_promise promise{this};
  std::vector<plan::effect> effects;
  const auto refused = plan_.delete_child(order.id, effects);
  perform_all(effects);
  if (refused == plan_error::none)
    promise.deliver(caf::ok_atom_v);
  else
    promise.deliver(caf::error{translate(refused)});
  return promise.later();
}

supervisor_actor::promised supervisor_actor::on(change_supervisor& order) {
  reply_promise promise{this};
  std::vector<child_spec> specs;
  std::string problem;
  for (const auto& one : order.children) {
    if (problem.empty()) problem = validate(one);
    specs.push_back(one.spec);
  }
  if (problem.empty()) problem = plan_.change(order.flags, std::move(specs));
  if (!problem.empty()) {
    promise.deliver(caf::error{supervision_error::invalid_spec, std::move(problem)});
    return promise.later();
  }
  for (auto& one : order.children) {
    auto shared = std::make_shared<const child>(std::move(one));
    if (template_) {
      template_ = shared;
      for (auto& [id, existing] : members_) existing.what = shared;
    } else {
      auto& changed = members_[shared->spec.id];
      changed.what = shared;
      changed.ref = shared->ref;
    }
  }
  promise.deliver(caf::ok_atom_v);
  return promise.later();
}

supervisor_actor::promised supervisor_actor::on(const stop_tree& order) {
  stop_requests_.emplace_back(this);
  if (!last_words_) last_words_ = shutdown_reason();
  take(plan::stop_all{std::chrono::milliseconds{order.within_ms}});
  return reply_promise::later();
}

caf::result<caf::ok_atom> supervisor_actor::on(const subscribe_events& order) {
  if (auto problem = feed_->subscribe(home_system(), order); !problem.empty())
    return caf::error{supervision_error::invalid_spec, std::move(problem)};
  return caf::ok_atom_v;
}

caf::result<caf::ok_atom> supervisor_actor::on(const unsubscribe_events& order) {
  if (!feed_->unsubscribe(order.subscriber)) return caf::error{supervision_error::not_found};
  return caf::ok_atom_v;
}

child_list supervisor_actor::list_children() const {
  child_list list;
  for (const auto& view : plan_.which_children())
    list.children.push_back(
        {view.id, members_.at(view.id).current, to_string(view.type), to_string(view.state)});
  return list;
}

caf::result<child_spec> supervisor_actor::find_spec(const std::string& id) const {
  const auto* spec = plan_.find_spec(id);
  if (!spec) return caf::error{supervision_error::not_found};
  return *spec;
}

// -- answers that had to wait ---------------------------------------------------------------------

void supervisor_actor::answer_orders(member& of, const supervision_event& event) {
  if (of.orders.empty()) return;
  if (event.kind == event_kind::ready) return answer_started(of, event.path);
  const bool start_failed = event.kind == event_kind::start_failed;
  if (!start_failed && !means_down(event.kind)) return;
  for (auto& [what, promise] : std::exchange(of.orders, {})) {
    if (what == open_order::kind::start)
      promise.deliver(caf::error{supervision_error::start_failed, event.reason.text});
    else
      promise.deliver(caf::ok_atom_v);
  }
}

/// It is ready, or it is down without having failed.
void supervisor_actor::answer_started(member& of, const std::string& id) {
  for (auto& [what, promise] : std::exchange(of.orders, {})) {
    if (what == open_order::kind::terminate)
      promise.deliver(caf::ok_atom_v);
    else
      promise.deliver(child_started{id, of.ref && of.current ? of.ref : of.current, of.info});
  }
}

}  // namespace bulwark
