// SPDX-License-Identifier: BSD-3-Clause
// Goal: a pool of supervised workers follows the load of its router, and keeps to it whoever ends.
// Method: a router and a tree of supervisors in a deterministic system; workers hold requests until the test
// answers.
#include <stdexcept>

#include "bulwark/supervision/messages.hpp"
#include "bulwark/testkit/matchers.hpp"
#include "bulwark/testkit/router_matchers.hpp"
#include "sized_pool_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using namespace testkit;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(sized_pool_test, is_ready_with_its_fewest_workers) {
  start();
  EXPECT_THAT(*tree, Tree({"pool up", "pool/workers up", "pool/workers/w:1 up", "pool/workers/w:2 up",
                           "pool/size up"}));
  EXPECT_THAT(*tree, InOrder(Resized("pool", Reason("too few: 0 in flight")), Ready("pool/workers/w:2"),
                             Ready("pool/size"), Ready("pool")));
  EXPECT_THAT(router, WorkersInUse(2));
}

TEST_F(sized_pool_test, follows_the_load_up_and_down_and_loses_nothing) {
  start();
  hold(12);
  world.advance(5s);
  EXPECT_EQ(in_use(), 6u);
  EXPECT_THAT(resizes(*tree), testing::ElementsAre("0 to 2 too few", "2 to 4 pressure", "4 to 6 pressure"));
  answer_all();
  for (int i = 0; i < 300; ++i) {  // some traffic goes on
    caf::anon_send(router, i);
    world.advance(100ms);
  }
  EXPECT_EQ(in_use(), 2u);
  EXPECT_EQ(draining(), 0u);
  EXPECT_EQ(resizes(*tree).back(), "6 to 2 quiet");
  EXPECT_THAT(*tree, Tree({"pool up", "pool/workers up", "pool/workers/w:1 up", "pool/workers/w:2 up",
                           "pool/size up"}));
  EXPECT_THAT(router, AllOf(NothingLost(), Counts({.submitted = 312, .done = 312, .failed = 0})));
}

TEST_F(sized_pool_test, what_waits_and_what_is_refused_makes_it_grow) {
  for (const auto rule : {when_full::block, when_full::reject}) {
    router_options routing;
    routing.rules.bounds = {.per_worker = 1, .rule = rule, .waiting_limit = 1h};
    start(quick_options(), routing);
    hold(8);
    world.advance(1s);
    EXPECT_EQ(in_use(), 4u);
    answer_all();
    answer_all();
    tree.reset();
    answered = 0;
    log->held.clear();
  }
}

TEST_F(sized_pool_test, workers_that_crash_are_a_matter_of_their_supervisor) {
  start();
  tree->forget();
  for (int i = 0; i < 5; ++i) {
    kill(*tree / "pool" / "workers" / "w:1");
    world.advance(10s);
  }
  EXPECT_EQ(tree->lines().size(), 5u);
  EXPECT_EQ(in_use(), 2u);
  EXPECT_THAT(resizes(*tree), IsEmpty());
}

TEST_F(sized_pool_test, workers_that_end_for_good_are_replaced_up_to_the_fewest) {
  make({}, 0);
  auto mortal = worker();
  mortal.spec.restart = restart_type::temporary;
  start_tree(sized_pool(router, std::move(mortal), quick_options()));
  kill(*tree / "pool" / "workers" / "w:1");
  world.advance(1s);
  EXPECT_EQ(in_use(), 2u);
  EXPECT_EQ(resizes(*tree).back(), "1 to 2 too few");
}

TEST_F(sized_pool_test, whom_an_operator_drains_is_replaced_and_left_alone) {
  start();
  const auto out = worker_loads(router)[0].worker;
  drain_worker(router, out);
  world.advance(1min);
  EXPECT_EQ(in_use(), 2u);
  EXPECT_EQ(draining(), 1u);
  drain_worker(router, out, false);
  world.advance(1min);
  EXPECT_EQ(in_use(), 2u) << "one too many, and nothing to do";
  EXPECT_EQ(draining(), 0u);
}

TEST_F(sized_pool_test, workers_that_cannot_be_started_are_tried_again) {
  broken = true;
  start();
  world.advance(5s);
  EXPECT_THAT(*tree, Not(InOrder(Ready("pool"))));
  EXPECT_THAT(*tree, InOrder(StartFailed("pool/workers/w:1", Reason("no socket"))));
  broken = false;
  world.advance(1s);
  EXPECT_THAT(*tree, InOrder(Ready("pool")));
  EXPECT_EQ(in_use(), 2u);
}

TEST_F(sized_pool_test, is_ready_when_workers_that_report_late_are) {
  make({}, 0);
  auto late = worker();
  late.reports_ready = true;
  late.start = [seen = log](caf::actor_system& system, const caf::actor& supervisor) -> caf::actor {
    return system.spawn(
        [supervisor](service_actor* self, shared_work work) -> caf::behavior {
          self->delayed_send(self, 10s, 1.5);
          return caf::message_handler{[self, supervisor](double) { self->send(supervisor, child_ready{}); }}
              .or_else(routed_worker(self, work));
        },
        seen);
  };
  start_tree(sized_pool(router, std::move(late), quick_options()));
  world.advance(9s);
  EXPECT_EQ(resizes(*tree).size(), 1u) << "those that start count";
  EXPECT_THAT(*tree, Not(InOrder(Ready("pool"))));
  world.advance(1s);
  EXPECT_THAT(*tree, InOrder(Ready("pool")));
}

TEST_F(sized_pool_test, the_end_of_the_router_is_the_end_of_sizing_and_nothing_else) {
  start();
  ask_to_stop(router);
  world.advance(1min);
  EXPECT_THAT(*tree, InOrder(Crashed("pool/size", Reason("its router has ended"))));
  EXPECT_THAT(*tree, Tree({"pool up", "pool/workers up", "pool/workers/w:1 up", "pool/workers/w:2 up",
                           "pool/size down"}));
}

TEST_F(sized_pool_test, is_not_started_for_a_router_that_has_ended) {
  make({}, 0);
  ask_to_stop(router);
  start_tree(sized_pool(router, worker(), quick_options()));
  world.advance(10s);
  EXPECT_THAT(*tree, InOrder(StartFailed("pool/size", Reason("its router has ended")), StartFailed("pool")));
  EXPECT_THAT(*tree, NoEventsFor("pool/workers/w:1"));
}

TEST_F(sized_pool_test, workers_whose_supervisor_is_replaced_begin_with_the_fewest) {
  start();
  hold(12);
  world.advance(5s);
  EXPECT_EQ(in_use(), 6u);
  kill(*tree / "pool" / "workers");
  world.advance(1s);
  EXPECT_EQ(in_use(), 2u);
  EXPECT_THAT(*tree, InOrder(Stopped("pool/size"), Restarted("pool/workers"), Ready("pool/size")));
  EXPECT_EQ(counts().failed, 12u) << "they were killed with what they had";
}

TEST_F(sized_pool_test, options_that_make_no_sense_are_refused) {
  make({}, 0);
  const auto problem = [&](const caf::actor& whose, const sized_pool_options& options) -> std::string {
    try {
      (void)sized_pool(whose, worker(), options);
    } catch (const std::invalid_argument& refused) {
      return refused.what();
    }
    return {};
  };
  auto options = quick_options();
  EXPECT_EQ(problem(router, options), "");
  EXPECT_EQ(problem({}, options), "pool \"pool\": expected a router");
  options.rules.size.max = 1;
  EXPECT_EQ(problem(router, options), "pool \"pool\": `max` must not be below `min`");
  options = quick_options();
  options.flags.period = 0s;
  EXPECT_THAT(problem(router, options), HasSubstr("pool \"pool\": "));
}

}  // namespace
}  // namespace bulwark
