// SPDX-License-Identifier: BSD-3-Clause
// A first supervised service: a counter that crashes on demand, and whose handle does not care.
// Prints each event of its supervisor, then "example: ok".
#include <caf/all.hpp>
#include <chrono>
#include <iostream>
#include <stdexcept>

#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/supervision/messages.hpp"
#include "bulwark/supervision/supervisor.hpp"

namespace {

struct counter_state {
  int total = 0;
};

caf::behavior counter(caf::stateful_actor<counter_state, bulwark::service_actor>* self, int start) {
  self->state.total = start;
  return {
      [self](caf::add_atom, int amount) { return self->state.total += amount; },
      [](caf::reset_atom) { throw std::runtime_error{"as ordered"}; },
  };
}

/// The counter's answer; -1 if there is none. Requests that wait behind a crash get not_handled, so that
/// nothing is added twice by asking again.
int add(caf::scoped_actor& self, const caf::actor& service, int amount) {
  int total = -1;
  for (int attempt = 0; total == -1 && attempt < 1000; ++attempt) {
    self->request(service, std::chrono::seconds{5}, caf::add_atom_v, amount)
        .receive([&total](int now) { total = now; },
                 [](const caf::error& problem) { std::cout << bulwark::error_text(problem) << std::endl; });
  }
  return total;
}

bool run(caf::actor_system& system) {
  // What clients hold. It is there before the counter is, and outlives each incarnation.
  const auto service = bulwark::make_stable_ref(system, {.name = "counter"});

  bulwark::supervisor_options options;
  options.sink = [](const bulwark::supervision_event& event) { std::cout << event << std::endl; };
  options.children.push_back({.spec = {.id = "counter"},
                              .ref = service,
                              .start = [](caf::actor_system& where, const caf::actor&) -> caf::actor {
                                return where.spawn(counter, 0);
                              }});
  const auto root = bulwark::spawn_supervisor(system, std::move(options));

  caf::scoped_actor self{system};
  const bool counted = add(self, service, 2) == 2 && add(self, service, 3) == 5;
  self->request(service, std::chrono::seconds{5}, caf::reset_atom_v).receive([] {}, [](const caf::error&) {});
  const bool started_anew = add(self, service, 7) == 7;  // the same handle, a new counter
  bulwark::ask_to_stop(root);
  self->wait_for(root);
  return counted && started_anew;
}

}  // namespace

int main() {
  caf::actor_system_config config;
  bulwark::add_actors_messages(config);
  bulwark::add_supervision_messages(config);
  caf::actor_system system{config};
  const bool good = run(system);
  std::cout << (good ? "example: ok" : "example: FAILED") << std::endl;
  return good ? 0 : 1;
}
