// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "supervisor_fixture.hpp"

namespace bulwark {

/// Gives orders to the root supervisor and puts what comes back into words.
class supervisor_orders : public supervisor_fixture {
 protected:
  /// What an order brings once everything has settled: "ok", an error, or "pending".
  template <class Order>
  std::string give(Order order) {
    const auto reply = testkit::ask<caf::ok_atom>(world.system(), root_, std::move(order));
    world.drain();
    if (reply->pending()) return "pending";
    return reply->error ? words_of(*reply->error) : "ok";
  }

  template <class Order>
  std::shared_ptr<const testkit::reply<child_started>> launch(Order order) {
    auto reply = testkit::ask<child_started>(world.system(), root_, std::move(order));
    world.drain();
    return reply;
  }

  /// The id of what was started, or the error.
  template <class Order>
  std::string start_by(Order order) {
    const auto reply = launch(std::move(order));
    if (reply->pending()) return "pending";
    return reply->error ? words_of(*reply->error) : reply->value->id;
  }

  std::string counts() {
    const auto reply = testkit::ask<child_counts>(world.system(), root_, count_children{});
    world.drain();
    if (!reply->value) return "nothing";
    const auto& [specs, active, supervisors, workers] = *reply->value;
    return std::to_string(specs) + ' ' + std::to_string(active) + ' ' + std::to_string(supervisors) + ' ' +
           std::to_string(workers);
  }

  std::vector<std::string> states() {
    const auto reply = testkit::ask<child_list>(world.system(), root_, which_children{});
    world.drain();
    std::vector<std::string> lines;
    for (const auto& one : reply->value.value_or(child_list{}).children)
      lines.push_back(one.id + ' ' + one.state + (one.handle ? "" : " null"));
    return lines;
  }

  static std::string words_of(const caf::error& problem) {
    if (problem.category() != caf::atom("supervise")) return error_text(problem);
    return to_string(static_cast<supervision_error>(problem.code()));
  }

  child with(const test_worker& worker, restart_type type) const {
    auto made = worker.as_child();
    made.spec.restart = type;
    return made;
  }

  /// A worker whose start function fails as long as `broken` says so.
  child fragile(const test_worker& worker) {
    auto made = worker.as_child();
    made.start = [start = made.start, this](auto& system, const auto& supervisor) {
      if (broken) throw std::runtime_error{"no socket"};
      return start(system, supervisor);
    };
    return made;
  }

  bool broken = false;
};

}  // namespace bulwark
