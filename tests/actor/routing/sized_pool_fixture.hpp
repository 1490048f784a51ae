// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/supervision/sized_pool.hpp"
#include "bulwark/testkit/observed_tree.hpp"
#include "bulwark/testkit/reply.hpp"
#include "routing_fixture.hpp"

namespace bulwark {

/// Two to six workers, two messages each are a reason to grow at once, ten seconds without any one to shrink.
inline sized_pool_options quick_options() {
  sized_pool_options options;
  options.name = "pool";
  options.rules.size = {.min = 2, .max = 6, .grow_by = 1, .shrink_by = 1};
  options.rules.size.grow_after = duration::zero();
  options.rules.size.shrink_after = std::chrono::seconds{10};
  options.rules.size.cooldown = duration::zero();
  options.rules.drain_limit = std::chrono::seconds{30};
  options.flags.intensity = 100;
  return options;
}

inline child pooled_worker(const shared_work& log) {
  child made;
  made.spec.id = "w";
  made.start = [log](caf::actor_system& system, const caf::actor&) -> caf::actor {
    return system.spawn(routed_worker<service_actor>, log);
  };
  return made;
}

/// "2 to 4 pressure", for each resize.
inline std::vector<std::string> resizes(const testkit::observed_tree& tree) {
  std::vector<std::string> lines;
  for (const auto& event : tree.events())
    if (event.kind == event_kind::resized)
      lines.push_back(std::to_string(event.from) + " to " + std::to_string(event.to) + " " +
                      event.reason.text.substr(0, event.reason.text.find(':')));
  return lines;
}

class sized_pool_test : public routing_fixture {
 protected:
  ~sized_pool_test() override {
    log->held.clear();
    tree.reset();
    EXPECT_TRUE(worker_loads(router).empty()) << "they left with their supervisor";
  }

  void start(sized_pool_options options = quick_options(), router_options routing = {}) {
    make(std::move(routing), 0);
    start_tree(sized_pool(router, worker(), std::move(options)));
  }

  void start_tree(child pool) {
    supervisor_options root;
    root.flags.intensity = 100;
    root.children = {std::move(pool)};
    tree.emplace(world, std::move(root));
  }

  child worker() {
    auto made = pooled_worker(log);
    made.start = [this, start = made.start](auto& system, const auto& supervisor) {
      if (broken) throw std::runtime_error{"no socket"};
      return start(system, supervisor);
    };
    return made;
  }

  /// Requests that stay at their workers until they are answered.
  void hold(int count) {
    for (int i = 0; i < count; ++i) requests.push_back(ask<float>(1.0f));
    world.drain();
  }

  void answer_all() {
    for (; answered < log->held.size(); ++answered) answer(answered);
  }

  std::size_t workers_in(bool draining) const {
    const auto all = worker_loads(router);
    return static_cast<std::size_t>(
        std::ranges::count(all, draining, [](const worker_load& one) { return one.draining; }));
  }
  std::size_t in_use() const { return workers_in(false); }
  std::size_t draining() const { return workers_in(true); }

  std::optional<testkit::observed_tree> tree;
  std::vector<std::shared_ptr<const testkit::reply<float>>> requests;
  std::size_t answered = 0;
  bool broken = false;
};

}  // namespace bulwark
