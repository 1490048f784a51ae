// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bulwark/supervision/distributed_child.hpp"
#include "bulwark/supervision/messages.hpp"
#include "bulwark/testkit/event_recorder.hpp"
#include "services_state.hpp"
#include "virtual_nodes.hpp"

namespace bulwark::test {

inline const std::string kept_name = placement::child_name("counter");

/// One incarnation of the child.
struct kept_run {
  std::uint32_t node = 0;
  permit_ptr permit;
  caf::actor_addr child;
  instant from{};
};

struct kept_log {
  std::vector<kept_run> runs;
  int starts_to_fail = 0;  ///< of those that come
  bool stops = true;       ///< when it is asked to; else never
};

inline caf::behavior kept_child(caf::event_based_actor* self, std::shared_ptr<kept_log> log,
                                std::uint32_t node) {
  self->set_exit_handler([self, log](caf::exit_msg& why) {
    if (log->stops) self->quit(std::move(why.reason));
  });
  return {[node](std::int32_t what) { return 100 * static_cast<std::int32_t>(node) + what; },
          [self](const std::string&) { self->quit(caf::exit_reason::unknown); }};
}

class distributed_keeper_test : public virtual_nodes {
 protected:
  distributed_child_options counter(std::uint32_t node) {
    distributed_child_options options;
    options.name = "counter";
    options.role = role;
    options.sink = recorder.sink();
    options.flags.intensity = 1;
    options.make = [this, node](const permit_ptr& permit) {
      EXPECT_TRUE(permit->may_act(world.now()));
      if (log->starts_to_fail > 0) {
        --log->starts_to_fail;
        throw std::runtime_error{"not now"};
      }
      child one;
      one.spec.id = "counter";
      one.spec.shutdown = shutdown;
      one.ref = given;
      one.start = [this, node, permit](caf::actor_system& system, const caf::actor&) {
        auto made = system.spawn(kept_child, log, node);
        log->runs.push_back({node, permit, made.address(), world.now()});
        return made;
      };
      return one;
    };
    return options;
  }
  void start_node(std::uint32_t node) {
    start_services(node);
    tree_of[node] = start("tree " + std::to_string(node), {distributed_child(names(node), counter(node))});
  }
  /// All nodes are members and have the child in their trees; it runs on node 2.
  void start_all() {
    for (std::uint32_t node = 1; node <= 3; ++node) start_node(node);
    for (std::uint32_t node = 1; node <= 3; ++node)
      for (std::uint32_t other = node + 1; other <= 3; ++other) meet(node, other);
    enter(2, {"any", "second"});
    world.advance(std::chrono::milliseconds{100});
    enter(1, {"any"});
    enter(3, {"any"});
    ASSERT_EQ(log->runs.size(), 1u);
    ASSERT_EQ(log->runs[0].node, 2u);
  }
  /// Time passes; no two may act at any time.
  void pass(duration length) {
    for (const auto end = world.now() + length; world.now() < end;) {
      world.advance(std::chrono::milliseconds{5});
      EXPECT_LE(acting(), 1);
    }
  }
  int acting() const {
    int count = 0;
    std::vector<permit_ptr> seen;
    for (const auto& one : log->runs) {
      if (!seen.empty() && seen.back() == one.permit) continue;
      seen.push_back(one.permit);
      count += one.permit->may_act(world.now()) ? 1 : 0;
    }
    return count;
  }
  bool is_up(std::size_t run) const {
    return caf::actor_cast<caf::actor>(log->runs.at(run).child) != nullptr;
  }
  /// What the services of the node serve as the child; null if nothing.
  caf::actor served(std::uint32_t node) const {
    const auto what = names(node).state()->serving(kept_name);
    return what ? what->handle : caf::actor{};
  }
  void stop_tree(std::uint32_t node) {
    caf::anon_send_exit(tree_of[node], caf::exit_reason::user_shutdown);
    world.drain();
  }

  caf::actor keeper_of(std::uint32_t node) const { return names(node).state()->listeners().at(0); }

  std::shared_ptr<kept_log> log = std::make_shared<kept_log>();
  std::string role = "any";
  caf::actor given;  ///< reference of the child; null: it gets one
  shutdown_policy shutdown = shutdown_policy::within(std::chrono::seconds{5});
  testkit::event_recorder recorder;
  std::map<std::uint32_t, caf::actor> tree_of;
};

}  // namespace bulwark::test
