// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/services.hpp"

#include <caf/all.hpp>
#include <stdexcept>
#include <utility>

#include "services_messages.hpp"
#include "services_state.hpp"

namespace bulwark {

std::string services_options::validate() const {
  if (self == 0) return "self is 0; expected the number of this node, 1 or more";
  if (!group.latest || !group.life || !group.speaker)
    return "the port to the group is not complete; expected latest, life and speaker";
  if (auto problem = claims.validate(); !problem.empty()) return problem;
  if (auto problem = lookup.validate(); !problem.empty()) return problem;
  if (gate.in_flight_max == 0) return "in_flight_max of the gate is 0; expected 1 or more";
  if (gate.answer_limit <= duration::zero()) return "answer_limit of the gate is not above zero";
  if (serve_on < duration::zero()) return "serve_on is below zero; expected 0 (not at all) or above";
  if (ask_loads_every < duration::zero()) return "ask_loads_every is below zero; expected 0 (never) or above";
  if (!(anomalous_weight > 0 && anomalous_weight <= 1))
    return "anomalous_weight is " + std::to_string(anomalous_weight) + "; expected above 0 and at most 1";
  return {};
}

services::services(caf::actor_system& system, services_options options) {
  if (const auto problem = options.validate(); !problem.empty())
    throw std::invalid_argument{"services: " + problem};
  state_ = std::make_shared<services_state>(system, std::move(options));
}

child services::as_child() const {
  child made;
  made.spec.id = "services";
  made.spec.delays = {.initial = std::chrono::milliseconds{50}, .max = std::chrono::seconds{2}};
  made.ref = state_->envoy();
  made.start = [state = state_](caf::actor_system& system, const caf::actor&) {
    return spawn_services_actor(system, state);
  };
  return made;
}

const caf::actor& services::envoy() const { return state_->envoy(); }
void services::look() const { state_->look(); }

caf::error services::publish(const std::string& name, const caf::actor& service) const {
  return state_->publish(name, service);
}

void services::withdraw(const std::string& name) const { state_->withdraw(name, 0, true); }

caf::expected<caf::actor> services::whereis(const std::string& name) const {
  return state_->reference(name, true);
}

caf::error services::watch(const std::string& name, const caf::actor& watcher) const {
  return state_->watch(name, watcher);
}

caf::expected<caf::actor> services::router(const std::string& service, router_options options) const {
  return state_->router(service, std::move(options));
}

void services::set_anomalous(std::uint32_t node, bool on) const { state_->set_anomalous(node, on); }

std::uint64_t services::fenced() const { return state_->fences().refused(); }

void services::close() const { state_->close(); }

child published(const services& where, std::string name, child one) {
  const auto publish = [where, name, ref = one.ref](start_result made) {
    if (made.handle) {
      // An incarnation that cannot be published is of no use to those who wait for it: a failed start.
      if (auto problem = where.publish(name, ref ? ref : made.handle)) {
        anon_send_exit(made.handle, caf::exit_reason::kill);
        throw std::runtime_error{"cannot be published as " + name + ": " + error_text(problem)};
      }
    }
    return made;
  };
  if (one.start)
    one.start = [publish, start = std::move(one.start)](caf::actor_system& system, const caf::actor& above) {
      return publish(start(system, above));
    };
  if (one.start_with)
    one.start_with = [publish, start = std::move(one.start_with)](
                         caf::actor_system& system, const caf::actor& above, const caf::message& with) {
      return publish(start(system, above, with));
    };
  one.gone = [where, name, gone = std::move(one.gone)](bool for_good) {
    where.withdraw(name);
    if (gone) gone(for_good);
  };
  return one;
}

void add_services_messages(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::bulwark_services>();
  config.add_message_types<caf::id_block::bulwark_services_wire>();
}

}  // namespace bulwark
