// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include "workers.hpp"

namespace bulwark {

/// A child whose first incarnation gets stuck in the first number it is sent, in a thread of its own.
class stuck_child {
 public:
  explicit stuck_child(const test_worker& worker) : what{worker.as_child()} {
    what.start = [this, start = what.start](caf::actor_system& system,
                                            const caf::actor& supervisor) -> caf::actor {
      if (!std::exchange(first_, false)) return start(system, supervisor).handle;
      const auto made = system.spawn<caf::detached>(
          [this](service_actor*, std::shared_future<void> until) -> caf::behavior {
            return {[this, until](int) {
              stuck_now_.set_value();
              until.wait();
            }};
          },
          let_go_.get_future().share());
      made->attach_functor([this] { ended_.set_value(); });
      return made;
    };
  }

  void await_stuck() { stuck_now_.get_future().wait(); }

  /// Lets the first incarnation go on, and waits until it has ended and only so many actors are left.
  void release(caf::actor_system& system, std::size_t running) {
    let_go_.set_value();
    ended_.get_future().wait();
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (system.registry().running() > running && std::chrono::steady_clock::now() < patience)
      std::this_thread::yield();
  }

  child what;

 private:
  bool first_ = true;
  std::promise<void> stuck_now_, let_go_, ended_;
};

}  // namespace bulwark
