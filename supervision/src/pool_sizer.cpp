// SPDX-License-Identifier: BSD-3-Clause
#include "pool_sizer.hpp"

#include <algorithm>
#include <utility>

#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/router.hpp"
#include "supervisor_actor.hpp"

namespace bulwark {

namespace {

struct look_due {};

}  // namespace

}  // namespace bulwark

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::look_due)

namespace bulwark {

namespace {

pool_worker::condition condition_of(const std::string& state) {
  if (state == to_string(child_state::up)) return pool_worker::condition::up;
  if (state == to_string(child_state::parked)) return pool_worker::condition::parked;
  const bool comes = state == to_string(child_state::waiting) || state == to_string(child_state::starting);
  return comes ? pool_worker::condition::coming : pool_worker::condition::leaving;
}

}  // namespace

pool_sizer::pool_sizer(caf::actor_config& config, caf::actor router, const caf::actor& supervisor,
                       const pool_rules& rules)
    : service_actor{config},
      router_{std::move(router)},
      supervisor_{supervisor.address()},
      period_{rules.size.period},
      answer_limit_{rules.size.sample_limit()},
      plan_{rules} {}

caf::behavior pool_sizer::make_behavior() {
  set_down_handler([this](caf::down_msg&) { quit(shutdown_reason("its router has ended")); });
  monitor(router_);
  find_workers();
  return {
      [this](look_due) {
        delayed_send(this, period_, look_due{});
        look();
      },
  };
}

void pool_sizer::on_exit() {
  for (const auto& id : plan_.retiring()) set_drained(id, false);
  handles_.clear();
  workers_ = nullptr;
}

/// Without a limit: a supervisor that is late must not make this start fail, and one that ends is told.
void pool_sizer::find_workers() {
  const auto supervisor = caf::actor_cast<caf::actor>(supervisor_);
  if (!supervisor) return quit(caf::make_error(caf::exit_reason::unreachable));
  request(supervisor, caf::infinite, which_children{})
      .then(
          [this](const child_list& siblings) {
            const auto at = std::ranges::find(siblings.children, "workers", &child_info::id);
            if (at == siblings.children.end() || !at->handle)
              return quit(caf::error{supervision_error::not_found, "there are no workers"});
            workers_ = at->handle;
            send(this, look_due{});
          },
          [this](caf::error& problem) { quit(std::move(problem)); });
}

/// Asks who is there; what the router says is taken when the answer is here, so both are of about the same
/// time.
void pool_sizer::look() {
  if (std::exchange(asking_, true)) {
    asks_again_ = true;
    return;
  }
  const auto settle = [this] {
    asking_ = false;
    if (std::exchange(asks_again_, false)) look();
  };
  request(workers_, answer_limit_, which_children{})
      .then(
          [this, settle, asked_at = clock().now()](const child_list& children) {
            decide(children, asked_at);
            settle();
          },
          [settle](const caf::error&) { settle(); });  // no view, no decision
}

void pool_sizer::decide(const child_list& children, instant asked_at) {
  std::vector<pool_plan::effect> effects;
  plan_.step(view_of(children, asked_at), clock().now(), effects);
  for (const auto& effect : effects) std::visit([this](const auto& what) { perform(what); }, effect);
}

pool_view pool_sizer::view_of(const child_list& children, instant asked_at) {
  const auto counts = counts_of(router_);
  const auto loads = worker_loads(router_);
  pool_view view{.at = asked_at, .workers = {}, .waiting = counts.waiting, .rejected = counts.rejected};
  handles_.clear();
  for (const auto& one : children.children) {
    pool_worker worker{.id = one.id, .is = condition_of(one.state)};
    const auto at = std::ranges::find(loads, one.handle, &worker_load::worker);
    if (one.handle && at != loads.end()) {
      worker.in_router = true;
      worker.draining = at->draining;
      worker.ejected = at->ejected;
      worker.in_flight = at->in_flight;
      worker.leases = at->leases;
    }
    if (one.handle) handles_.emplace(one.id, one.handle);
    view.workers.push_back(std::move(worker));
  }
  return view;
}

void pool_sizer::set_drained(const std::string& id, bool on) {
  if (const auto at = handles_.find(id); at != handles_.end()) drain_worker(router_, at->second, on);
}

/// A start that fails is told by the supervisor, and seen at the next look.
void pool_sizer::perform(const pool_plan::start_worker&) {
  request(workers_, caf::infinite, start_pool_child{})
      .then(
          [this](const child_started&) {
            if (!plan_.is_ready()) look();
          },
          [](const caf::error&) {});
}

void pool_sizer::perform(const pool_plan::drain& effect) { set_drained(effect.id, true); }

void pool_sizer::perform(const pool_plan::undrain& effect) { set_drained(effect.id, false); }

void pool_sizer::perform(const pool_plan::stop_worker& effect) {
  caf::anon_send(workers_, terminate_child{effect.id});
}

void pool_sizer::perform(const pool_plan::ready&) {
  if (const auto supervisor = caf::actor_cast<caf::actor>(supervisor_)) send(supervisor, child_ready{});
}

void pool_sizer::perform(const pool_plan::resized& effect) {
  const auto supervisor = caf::actor_cast<caf::actor>(supervisor_);
  const auto* above =
      dynamic_cast<const supervisor_actor*>(caf::actor_cast<caf::abstract_actor*>(supervisor));
  if (!above) return;
  supervision_event event;
  event.kind = event_kind::resized;
  event.path = above->path();
  event.reason = {exit_kind::normal, effect.why};
  event.at = clock().now();
  event.from = effect.from;
  event.to = effect.to;
  above->tell(event);
}

}  // namespace bulwark
