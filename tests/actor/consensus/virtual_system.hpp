// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <optional>

#include "bulwark/actors/core/time.hpp"

namespace bulwark::test {

/// An actor system under CAF's test scheduler: one thread, and time that passes when the test says so.
class virtual_system {
 public:
  explicit virtual_system(void (*add_messages)(caf::actor_system_config&) = nullptr) {
    if (add_messages != nullptr) add_messages(config_);
    config_.set("scheduler.policy", caf::atom("testing"));
    system_.emplace(config_);
    // At zero the clock's first timers would lie in its past.
    scheduler().clock().current_time += std::chrono::hours{1};
  }

  caf::actor_system& get() { return *system_; }
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
  }
  [[nodiscard]] instant now() { return scheduler().clock().now(); }

  /// Runs all messages; no time passes.
  void settle() {
    while (scheduler().try_run_once()) {
    }
  }

  /// Lets time pass, timer by timer.
  void advance(duration by) {
    const auto end = now() + by;
    for (settle(); scheduler().clock().has_pending_timeout(); settle()) {
      const auto due = scheduler().clock().schedule().begin()->first;
      if (due > end) break;
      scheduler().clock().advance_time(std::max(due - now(), duration{0}));
    }
    if (now() < end) scheduler().clock().advance_time(end - now());
    settle();
  }

  /// Asks and lets the answer come without time passing; none if there is no answer yet. `Answer` may be
  /// followed by take().
  template <class Answer, class... Question>
  std::optional<Answer> ask(const caf::actor& whom, Question&&... question) {
    caf::scoped_actor self{*system_};
    self->send(whom, std::forward<Question>(question)...);
    settle();
    std::optional<Answer> answer;
    self->receive([&](Answer& a) { answer = std::move(a); }, caf::after(std::chrono::seconds{0}) >> [] {});
    return answer;
  }

 private:
  caf::actor_system_config config_;
  std::optional<caf::actor_system> system_;
};

}  // namespace bulwark::test
