// SPDX-License-Identifier: BSD-3-Clause
#include "router_control.hpp"

#include <caf/all.hpp>

#include "bulwark/actors/router_messages.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "router_hub.hpp"

namespace bulwark {

namespace {

router_report report_about(const router_hub& hub) {
  const auto counts = hub.counts();
  router_report report;
  report.name = hub.options().name;
  report.submitted = counts.submitted;
  report.done = counts.done;
  report.rejected = counts.rejected;
  report.failed = counts.failed;
  report.redelivered = counts.redelivered;
  report.in_flight = counts.in_flight;
  report.waiting = counts.waiting;
  for (const auto& one : hub.loads())
    report.workers.push_back({one.worker, one.in_flight, one.load, one.done, one.failed,
                              one.draining ? "draining" : (one.ejected ? "ejected" : "up")});
  return report;
}

caf::error apply(router_hub& hub, const change_worker& order) {
  if (!order.worker) return caf::make_error(caf::sec::invalid_argument, std::string{"which worker?"});
  if (order.what == worker_change::join && order.weight_percent == 0)
    return caf::make_error(caf::sec::invalid_argument, std::string{"a weight is above 0"});
  switch (order.what) {
    case worker_change::join: hub.add(order.worker, order.weight_percent / 100.0); break;
    case worker_change::leave: hub.remove(order.worker); break;
    case worker_change::drain: hub.drain(order.worker, true); break;
    case worker_change::undrain: hub.drain(order.worker, false); break;
  }
  return {};
}

caf::error apply(router_hub& hub, const prefer_worker& order) {
  if (!order.worker) return caf::make_error(caf::sec::invalid_argument, std::string{"which worker?"});
  if (order.percent < 1 || order.percent > 100)
    return caf::make_error(caf::sec::invalid_argument, std::string{"a preference is 1 to 100 percent"});
  hub.prefer(order.worker, order.percent / 100.0);
  return {};
}

caf::error apply(router_hub& hub, const set_router_policy& order) {
  const auto policy = parse_policy(order.policy);
  if (!policy) return caf::make_error(caf::sec::invalid_argument, "no policy: " + order.policy);
  if (policy->kind == routing_kind::consistent_hash && !hub.options().key_of)
    return caf::make_error(caf::sec::invalid_argument, std::string{"consistent_hash needs key_of"});
  hub.choose_by(make_chooser(*policy), policy->kind);
  return {};
}

caf::behavior router_control(service_actor*, std::weak_ptr<router_hub> weak) {
  const auto down = [] { return caf::make_error(caf::sec::request_receiver_down); };
  const auto change = [weak, down](const auto& order) -> caf::result<std::uint64_t> {
    const auto hub = weak.lock();
    if (!hub) return down();
    if (auto problem = apply(*hub, order)) return problem;
    return static_cast<std::uint64_t>(hub->loads().size());
  };
  return {
      [weak](router_tick) {
        if (const auto hub = weak.lock()) hub->tick();
      },
      [weak](const worker_reports_load& news) {
        if (const auto hub = weak.lock(); hub && news.worker) hub->report(news.worker, news.load);
      },
      [change](const change_worker& order) { return change(order); },
      [change](const prefer_worker& order) { return change(order); },
      [weak, down](const set_router_policy& order) -> caf::result<std::string> {
        const auto hub = weak.lock();
        if (!hub) return down();
        if (auto problem = apply(*hub, order)) return problem;
        return to_string(*parse_policy(order.policy));
      },
      [weak, down](get_router_report) -> caf::result<router_report> {
        const auto hub = weak.lock();
        if (!hub) return down();
        return report_about(*hub);
      },
  };
}

}  // namespace

/// Hidden: it does not count as an actor that the system has to wait for.
caf::actor spawn_router_control(caf::actor_system& system, const std::shared_ptr<router_hub>& hub) {
  return system.spawn<caf::hidden>(router_control, std::weak_ptr<router_hub>{hub});
}

}  // namespace bulwark
