// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/reply_promise.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/supervision/supervisor.hpp"

namespace bulwark {

using log_of_numbers = std::shared_ptr<std::vector<int>>;

/// Writes down numbers; answers longs with their successor; holds requests of doubles for ever; obeys
/// "crash", "fail", "quit" and "ready" (which it reports to its supervisor).
inline caf::behavior recorder_behavior(service_actor* self, caf::actor supervisor, log_of_numbers seen) {
  auto promises = std::make_shared<std::vector<reply_promise>>();
  return {
      [seen](int number) { seen->push_back(number); },
      [](std::int64_t number) { return number + 1; },
      [self, promises](double) {
        promises->emplace_back(self);
        return reply_promise::later();
      },
      [self, supervisor](const std::string& order) {
        if (order == "crash") throw std::runtime_error{"poison"};
        if (order == "fail") self->quit(caf::make_error(caf::sec::bad_function_call));
        if (order == "quit") self->quit();
        if (order == "ready") self->send(supervisor, child_ready{});
      },
  };
}

/// A worker with a reference that follows it.
struct test_worker {
  explicit test_worker(caf::actor_system& system, std::string name)
      : id{name}, ref{make_stable_ref(system, {std::move(name)})} {}

  [[nodiscard]] child as_child() const {
    child made;
    made.spec.id = id;
    made.ref = ref;
    made.start = [seen = seen](caf::actor_system& system, const caf::actor& supervisor) -> caf::actor {
      return system.spawn(recorder_behavior, supervisor, seen);
    };
    return made;
  }

  std::string id;
  caf::actor ref;
  log_of_numbers seen = std::make_shared<std::vector<int>>();
};

}  // namespace bulwark
