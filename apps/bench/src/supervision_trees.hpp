// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <caf/all.hpp>
#include <memory>
#include <mutex>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/supervision/messages.hpp"
#include "bulwark/supervision/supervisor.hpp"
#include "supervision_samples.hpp"

namespace bulwark::bench {

/// What children tell the thread that measures: that they began, when, and who they are.
class roll_call {
 public:
  void report(std::size_t number, const caf::actor& who) {
    const auto now = clock_now();
    {
      const std::lock_guard guard{mutex_};
      last_ = now;
      if (number < present_.size()) present_[number] = who;
    }
    arrived_.release();
  }

  /// Waits for so many reports; the time of the last one comes back.
  std::chrono::steady_clock::time_point await(std::size_t count) {
    for (; count > 0; --count) arrived_.acquire();
    const std::lock_guard guard{mutex_};
    return last_;
  }

  void expect(std::size_t count) {
    const std::lock_guard guard{mutex_};
    present_.resize(count);
  }

  [[nodiscard]] caf::actor who(std::size_t number) const {
    const std::lock_guard guard{mutex_};
    return present_[number];
  }

  void forget() {
    const std::lock_guard guard{mutex_};
    present_ = {};
  }

 private:
  mutable std::mutex mutex_;
  std::vector<caf::actor> present_;
  std::chrono::steady_clock::time_point last_{};
  std::counting_semaphore<> arrived_{0};
};

/// A child that reports when it begins and then does nothing.
inline caf::behavior idle_child(service_actor* self, const std::shared_ptr<roll_call>& roll,
                                std::size_t number) {
  roll->report(number, caf::actor_cast<caf::actor>(self));
  return {[](int) {}};
}

inline child idle(std::string id, const std::shared_ptr<roll_call>& roll, std::size_t number) {
  child made;
  made.spec.id = std::move(id);
  made.spec.delays.reset_after = duration::zero();  // every restart is at once, as in OTP
  made.start = [roll, number](caf::actor_system& system, const caf::actor&) -> caf::actor {
    return system.spawn(idle_child, roll, number);
  };
  return made;
}

inline supervisor_options tree_of(restart_strategy strategy) {
  supervisor_options options;
  options.flags.strategy = strategy;
  options.flags.intensity = supervisor_flags::intensity_max;
  options.flags.period = std::chrono::hours{1};
  return options;
}

/// Ends an actor with a failure, ahead of what waits for it.
inline void crash(const caf::actor& victim) {
  caf::anon_send<caf::message_priority::high>(
      victim,
      caf::exit_msg{caf::actor_cast<caf::actor_addr>(victim), caf::make_error(caf::sec::runtime_error)});
}

/// Stops a tree and waits for its end; how long that took comes back.
inline std::chrono::steady_clock::duration stop_and_wait(caf::actor_system& system, caf::actor root) {
  caf::scoped_actor self{system};
  self->monitor(root);
  const auto begin = clock_now();
  ask_to_stop(root);
  root = nullptr;
  self->receive([](const caf::down_msg&) {});
  return clock_now() - begin;
}

}  // namespace bulwark::bench
