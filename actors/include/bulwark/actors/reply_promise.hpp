// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/event_based_actor.hpp>
#include <caf/response_promise.hpp>
#include <caf/sec.hpp>
#include <memory>
#include <utility>

namespace bulwark {

/// A promise to answer the current request later, which cannot be forgotten: if the last copy goes away
/// unfulfilled, because the actor crashed or a path forgot it, the requester gets
/// `sec::request_receiver_down` at once. A plain caf::response_promise that is dropped leaves its requester
/// waiting.
///
/// Keep it in the state of the actor or in its response handlers, which end with the actor. Copies share the
/// promise; the first delivery counts, later ones do nothing. To be used within its actor. Return
/// `promise.later()` from the handler.
class reply_promise {
 public:
  explicit reply_promise(caf::event_based_actor* self)
      : shared_{std::make_shared<state>(self->make_response_promise())} {}

  template <class... Values>
  void deliver(Values&&... values) {
    if (shared_->promise.pending())
      std::exchange(shared_->promise, {}).deliver(std::forward<Values>(values)...);
  }

  [[nodiscard]] bool pending() const { return shared_->promise.pending(); }

  /// What a message handler returns: "the answer comes later".
  [[nodiscard]] static caf::delegated<caf::message> later() { return {}; }

 private:
  struct state {
    explicit state(caf::response_promise made) : promise{std::move(made)} {}
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() {
      if (promise.pending()) promise.deliver(caf::make_error(caf::sec::request_receiver_down));
    }

    caf::response_promise promise;
  };

  std::shared_ptr<state> shared_;
};

}  // namespace bulwark
