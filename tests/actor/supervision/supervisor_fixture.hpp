// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gmock/gmock.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/supervision/messages.hpp"
#include "bulwark/testkit/deterministic_system.hpp"
#include "bulwark/testkit/event_recorder.hpp"
#include "bulwark/testkit/reply.hpp"
#include "workers.hpp"

namespace bulwark {

/// A root supervisor of real actors in a deterministic system; nothing may be left of it in the end.
class supervisor_fixture : public testing::Test {
 protected:
  ~supervisor_fixture() override {
    if (root_) caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
    root_ = nullptr;
    world.advance(std::chrono::minutes{1});
    EXPECT_EQ(world.system().registry().running(), 0u) << "actors were left behind";
  }

  /// A root supervisor of these children, with a budget that does not get in the way.
  void start(restart_strategy strategy, std::vector<child> children, std::uint32_t intensity = 100) {
    supervisor_options options;
    options.flags.strategy = strategy;
    options.flags.intensity = intensity;
    options.children = std::move(children);
    options.sink = recorder.sink();
    root_ = spawn_supervisor(world.system(), std::move(options));
    world.drain();
  }

  supervisor_options below(std::string name, restart_strategy strategy, std::vector<child> children,
                           std::uint32_t intensity = 100) {
    supervisor_options options;
    options.name = std::move(name);
    options.flags.strategy = strategy;
    options.flags.intensity = intensity;
    options.children = std::move(children);
    return options;
  }

  void tell(const caf::actor& whom, const char* order) {
    caf::anon_send(whom, std::string{order});
    world.drain();
  }

  /// What comes back for a number; 0 if it was an error, -1 if nothing came.
  std::int64_t successor_of(const caf::actor& whom, std::int64_t number) {
    const auto reply = testkit::ask<std::int64_t>(world.system(), whom, number);
    world.drain();
    return reply->pending() ? -1 : reply->value.value_or(0);
  }

  tree_node tree(duration patience = {}) {
    const auto reply = testkit::ask<tree_node>(world.system(), root_, get_tree{});
    world.advance(patience);
    return reply->value.value_or(tree_node{});
  }

  kill_result kill(const char* path) {
    const auto reply = testkit::ask<kill_result>(world.system(), root_, kill_child{path, {}});
    world.drain();
    return reply->value.value_or(kill_result{});
  }

  testkit::deterministic_system world;
  testkit::event_recorder recorder;
  caf::actor root_;
  test_worker a{world.system(), "a"}, b{world.system(), "b"}, c{world.system(), "c"};
};

}  // namespace bulwark
