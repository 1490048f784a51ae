// SPDX-License-Identifier: BSD-3-Clause
// Goal: supervised workers join and leave their router by themselves.
// Method: a supervisor in a deterministic system, children that crash, are added, stopped and report late.
#include "bulwark/supervision/routed_child.hpp"

#include <set>

#include "bulwark/actors/core/random.hpp"
#include "bulwark/supervision/messages.hpp"
#include "routing_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::SizeIs;

class routed_child_test : public routing_fixture {
 protected:
  ~routed_child_test() override {
    ask_to_stop(root);
    root = nullptr;
    world.advance(1min);
    EXPECT_TRUE(worker_loads(router).empty()) << "they left with their supervisor";
  }

  void supervise(restart_strategy strategy, std::vector<child> children) {
    supervisor_options options;
    options.flags.strategy = strategy;
    options.flags.intensity = 100;
    options.children = std::move(children);
    root = spawn_supervisor(world.system(), std::move(options));
    world.drain();
  }

  child worker(const char* id) {
    child one;
    one.spec.id = id;
    one.start = [seen = log](caf::actor_system& system, const caf::actor&) -> caf::actor {
      return system.spawn(routed_worker<service_actor>, seen);
    };
    return one;
  }

  caf::actor root;
};

TEST_F(routed_child_test, an_incarnation_takes_the_place_of_the_one_that_crashed) {
  make({}, 0);
  supervise(restart_strategy::one_for_one,
            {routed_child(router, worker("a")), routed_child(router, worker("b"), 2.0)});
  ASSERT_THAT(worker_loads(router), SizeIs(2));
  EXPECT_EQ(worker_loads(router)[1].weight, 2);
  const auto before = worker_loads(router)[0].worker;
  caf::anon_send(before, std::string{"crash"});
  world.advance(1s);
  ASSERT_THAT(worker_loads(router), SizeIs(2));
  for (const auto& one : worker_loads(router)) EXPECT_NE(one.worker, before);
  for (int i = 0; i < 100; ++i) {
    caf::anon_send(router, i % 10 == 0 ? -1 : i);  // each tenth is poison
    if (i % 10 == 9) world.advance(10s);
  }
  const auto all = counts();
  EXPECT_EQ(all.submitted, 100u);
  EXPECT_EQ(all.done + all.failed + all.rejected, 100u) << all;
  EXPECT_GE(all.failed, 10u);
}

TEST_F(routed_child_test, a_child_that_reports_readiness_joins_when_it_does) {
  make({}, 0);
  auto late = worker("late");
  late.reports_ready = true;
  late.start = [seen = log](caf::actor_system& system, const caf::actor& supervisor) -> caf::actor {
    return system.spawn(
        [supervisor](service_actor* self, shared_work work) -> caf::behavior {
          self->delayed_send(self, 2s, 1.5);
          return caf::message_handler{[self, supervisor](double) { self->send(supervisor, child_ready{}); }}
              .or_else(routed_worker(self, work));
        },
        seen);
  };
  supervise(restart_strategy::one_for_one, {routed_child(router, std::move(late))});
  EXPECT_THAT(worker_loads(router), SizeIs(0));
  world.advance(2s);
  EXPECT_THAT(worker_loads(router), SizeIs(1));
  const auto tree = testkit::ask<tree_node>(world.system(), root, get_tree{});
  world.drain();
  EXPECT_EQ(tree->value->children.at(0).state, "up") << "the supervisor has heard it, too";
}

TEST_F(routed_child_test, the_children_of_a_pool_come_and_go) {
  make({}, 0);
  auto any = worker("w");
  any.start_with = [seen = log](caf::actor_system& system, const caf::actor&,
                                const caf::message&) -> start_result {
    return system.spawn(routed_worker<service_actor>, seen);
  };
  any.start = nullptr;
  supervise(restart_strategy::simple_one_for_one, {routed_child(router, std::move(any))});
  EXPECT_THAT(worker_loads(router), SizeIs(0));
  for (int i = 0; i < 3; ++i) caf::anon_send(root, start_pool_child{});
  world.drain();
  EXPECT_THAT(worker_loads(router), SizeIs(3));
  caf::anon_send(root, terminate_child{"w:2"});
  world.drain();
  EXPECT_THAT(worker_loads(router), SizeIs(2));
}

TEST_F(routed_child_test, at_least_once_work_outlives_each_crash) {
  router_options options;
  options.delivery = delivery_mode::at_least_once;
  options.attempts_max = 15;
  options.rules.bounds.waiting_limit = 1min;
  make(options, 0);
  supervise(restart_strategy::one_for_one,
            {routed_child(router, worker("a")), routed_child(router, worker("b"))});
  random_stream random{3};
  for (int i = 0; i < 200; ++i) {
    caf::anon_send(router, i);
    if (random.below(8) == 0) {
      const auto there = worker_loads(router);
      if (!there.empty()) kill_now(there[random.below(there.size())].worker);
      world.advance(std::chrono::milliseconds{random.below(3000)});
    }
  }
  world.advance(2min);
  EXPECT_EQ(counts().done, 200u) << counts();
  EXPECT_GT(counts().redelivered, 0u);
  const std::set<int> distinct(log->handled.begin(), log->handled.end());
  EXPECT_THAT(distinct, SizeIs(200)) << "each was handled";
}

}  // namespace
}  // namespace bulwark
