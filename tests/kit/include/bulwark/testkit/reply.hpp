// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <memory>
#include <optional>
#include <utility>

namespace bulwark::testkit {

/// What a request brought so far.
template <class Answer>
struct reply {
  std::optional<Answer> value;
  std::optional<caf::error> error;

  [[nodiscard]] bool pending() const { return !value && !error; }
};

/// Sends a request in the name of a client of its own, which waits as long as it takes. Run the system, then
/// look at the reply.
template <class Answer, class... Words>
std::shared_ptr<const reply<Answer>> ask(caf::actor_system& system, const caf::actor& whom, Words... words) {
  auto result = std::make_shared<reply<Answer>>();
  // The result is an argument, as CAF 0.17 reads through a null pointer when a function is spawned without
  // any.
  system.spawn(
      [whom, words...](caf::event_based_actor* self, std::shared_ptr<reply<Answer>> into) {
        self->request(whom, caf::infinite, words...)
            .then([into](Answer& value) { into->value = std::move(value); },
                  [into](caf::error& problem) { into->error = std::move(problem); });
      },
      result);
  return result;
}

}  // namespace bulwark::testkit
