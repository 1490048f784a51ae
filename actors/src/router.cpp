// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/router.hpp"

#include <caf/all.hpp>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"
#include "router_hub.hpp"

namespace bulwark {

namespace {

/// The token tells nearly all other messages apart, at the cost of one look.
bool is_exit(const caf::type_erased_tuple& content) {
  return content.type_token() == caf::make_type_token<caf::exit_msg>() &&
         content.match_elements<caf::exit_msg>();
}

/// The handle: an actor without a mailbox. Its state is the hub.
class router final : public caf::monitorable_actor {
 public:
  router(caf::actor_config& config, std::shared_ptr<router_hub> shared)
      : caf::monitorable_actor{config}, hub{std::move(shared)} {}

  using caf::monitorable_actor::enqueue;

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    if (element->mid.is_response()) return hub->answered(std::move(element), host);
    if (!element->mid.is_request() && is_exit(std::as_const(*element).content()))
      return end(element->content().get_as<caf::exit_msg>(0).reason, false);
    hub->submit(std::move(element), host);
  }

  const char* name() const override { return "bulwark.router"; }

  void on_destroy() override {
    end(caf::make_error(caf::exit_reason::unreachable), true);
    caf::monitorable_actor::on_destroy();
  }

  const std::shared_ptr<router_hub> hub;

 private:
  void end(caf::error reason, bool lost) {
    hub->close(lost);
    cleanup(std::move(reason), nullptr);
  }
};

router& router_behind(const caf::actor& handle) {
  auto* found = handle ? dynamic_cast<router*>(caf::actor_cast<caf::abstract_actor*>(handle)) : nullptr;
  BULWARK_INVARIANT(found != nullptr);
  return *found;
}

router_hub& hub_of(const caf::actor& handle) { return *router_behind(handle).hub; }

}  // namespace

std::string validate(const router_options& options) {
  if (auto problem = validate(options.rules); !problem.empty()) return problem;
  if (options.policy.kind == routing_kind::consistent_hash && !options.key_of)
    return "consistent_hash needs key_of";
  if (options.attempts_max < 1 || options.attempts_max > 15) return "attempts_max is between 1 and 15";
  if (options.answer_limit <= duration::zero()) return "answer_limit is above 0";
  return {};
}

caf::actor make_router(caf::actor_system& system, router_options options) {
  if (const auto problem = validate(options); !problem.empty())
    throw std::invalid_argument{"router " + options.name + ": " + problem};
  caf::actor_config config;
  const auto hub = std::make_shared<router_hub>(system, std::move(options));
  auto handle =
      caf::make_actor<router, caf::actor>(system.next_actor_id(), system.node(), &system, config, hub);
  hub->attach(handle.address());
  return handle;
}

caf::actor make_router(caf::actor_system& system, std::string name, routing_policy policy) {
  router_options options;
  options.name = std::move(name);
  options.policy = policy;
  return make_router(system, std::move(options));
}

void add_worker(const caf::actor& handle, const caf::actor& worker, double weight) {
  BULWARK_INVARIANT(worker && worker != handle);
  hub_of(handle).add(worker, weight);
}

void remove_worker(const caf::actor& handle, const caf::actor& worker) { hub_of(handle).remove(worker); }

void drain_worker(const caf::actor& handle, const caf::actor& worker, bool on) {
  hub_of(handle).drain(worker, on);
}

void report_load(const caf::actor& handle, const caf::actor& worker, std::int64_t load) {
  hub_of(handle).report(worker, load);
}

void set_preference(const caf::actor& handle, const caf::actor& worker, double factor) {
  hub_of(handle).prefer(worker, factor);
}

void set_policy(const caf::actor& handle, const routing_policy& policy) {
  hub_of(handle).choose_by(make_chooser(policy), policy.kind);
}

void set_policy(const caf::actor& handle, any_chooser chooser) {
  hub_of(handle).choose_by(std::move(chooser), std::nullopt);
}

std::vector<worker_load> worker_loads(const caf::actor& handle) { return hub_of(handle).loads(); }

router_counts counts_of(const caf::actor& handle) { return hub_of(handle).counts(); }

worker_watch watch_workers(const caf::actor& handle, worker_sink told) {
  BULWARK_INVARIANT(told != nullptr);
  return hub_of(handle).watch(std::move(told));
}

std::optional<routed> pick(const caf::actor& handle) { return hub_of(handle).lease(); }

caf::actor control_of(const caf::actor& handle) { return hub_of(handle).control(); }

delivery_id delivery_of(caf::local_actor& self) {
  constexpr auto bits = pending_table<pending_answer>::number_bits;
  const auto mid = self.current_mailbox_element()->mid;
  if (!mid.is_request()) return {};
  const auto number = mid.request_id().integer_value() & ((std::uint64_t{1} << bits) - 1);
  return {caf::to_string(self.current_sender()), number};
}

std::string to_string(const router_counts& counts) {
  std::ostringstream text;
  text << "submitted " << counts.submitted << ", done " << counts.done << ", rejected " << counts.rejected
       << ", failed " << counts.failed << ", redelivered " << counts.redelivered << ", in flight "
       << counts.in_flight << ", waiting " << counts.waiting;
  return text.str();
}

std::ostream& operator<<(std::ostream& out, const router_counts& counts) { return out << to_string(counts); }

const char* to_string(worker_event_kind kind) noexcept {
  switch (kind) {
    case worker_event_kind::joined: return "joined";
    case worker_event_kind::left: return "left";
    case worker_event_kind::drained: return "drained";
    case worker_event_kind::undrained: return "undrained";
    case worker_event_kind::ejected: return "ejected";
    case worker_event_kind::readmitted: return "readmitted";
  }
  return "unknown";
}

std::string to_string(const worker_event& event) {
  return "worker " + std::to_string(event.number) + " (actor " + std::to_string(event.worker.id()) + ") " +
         to_string(event.kind);
}

std::ostream& operator<<(std::ostream& out, const worker_event& event) { return out << to_string(event); }

}  // namespace bulwark
