// SPDX-License-Identifier: BSD-3-Clause
// Goal: what became of the messages and workers of a router can be said in a test, and what is wrong is told.
// Method: a deterministic system; each matcher is asked what it says to a right and to a wrong expectation.
#include "bulwark/testkit/router_matchers.hpp"

#include "bulwark/testkit/cluster_matchers.hpp"
#include "routing_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using namespace testkit;
using testing::AllOf;
using testing::Gt;
using testing::HasSubstr;
using testing::Lt;
using testing::Not;

class router_matchers_test : public routing_fixture {
 protected:
  template <class Expected, class Source>
  static std::string complaint(const Expected& expected, const Source& source) {
    testing::StringMatchResultListener listener;
    EXPECT_FALSE(testing::ExplainMatchResult(expected, source, &listener));
    return listener.str();
  }

  static std::string actor(const caf::actor& one) { return "actor " + std::to_string(one.id()); }
};

TEST_F(router_matchers_test, counts_are_compared_where_something_is_expected) {
  make({}, 1);
  const auto held = ask<float>(1.0f);
  caf::anon_send(router, 1);
  world.drain();
  EXPECT_THAT(router, Counts({.submitted = 2, .done = 1, .failed = 0, .in_flight = 1}));
  EXPECT_THAT(router, Counts({.submitted = Gt(1u), .waiting = Lt(1u)}));
  EXPECT_THAT(router, Counts({}));
  for (auto wrong :
       {Counts({.submitted = 3}), Counts({.done = 2}), Counts({.rejected = 1}), Counts({.failed = 1}),
        Counts({.redelivered = 1}), Counts({.in_flight = 0}), Counts({.waiting = 1})})
    EXPECT_EQ(complaint(wrong, router),
              "submitted 2, done 1, rejected 0, failed 0, redelivered 0, in flight 1, waiting 0");
  EXPECT_EQ(testing::DescribeMatcher<const caf::actor&>(Counts({.done = 1, .failed = Gt(5u)})),
            "of its messages: done is equal to 1, failed is > 5");
}

TEST_F(router_matchers_test, nothing_is_lost_once_all_is_quiet) {
  router_options options;
  options.rules.bounds = {.per_worker = 1, .rule = when_full::block, .waiting_limit = 1min};
  make(options, 1);
  (void)ask<float>(1.0f);
  world.drain();
  caf::anon_send(router, 1);
  EXPECT_THAT(complaint(NothingLost(), router), HasSubstr("in flight 1, waiting 1"));
  answer(0);
  EXPECT_THAT(router, NothingLost());
  kill_now(workers[0]);
  world.drain();
  caf::anon_send(router, 1);
  world.advance(2min);
  EXPECT_THAT(router, AllOf(NothingLost(), Counts({.submitted = 3, .done = 2, .rejected = 1})));
}

TEST_F(router_matchers_test, workers_are_in_use_unless_they_drain_or_are_ejected) {
  router_options options;
  options.rules.ejection = {.failures = 1, .time = 10s};
  options.answer_limit = 1s;
  make(options, 3);
  EXPECT_THAT(router, WorkersInUse(3));
  (void)ask<float>(1.0f);
  world.advance(1s);
  drain_worker(router, workers[1]);
  EXPECT_THAT(router, WorkersInUse(1));
  EXPECT_EQ(complaint(WorkersInUse(3), router), "1 are in use: " + actor(workers[0]) + " ejected, " +
                                                    actor(workers[1]) + " draining, " + actor(workers[2]) +
                                                    " up");
}

TEST_F(router_matchers_test, workers_are_seen_as_they_come_fail_and_go) {
  router_options options;
  options.rules.ejection = {.failures = 1, .time = 10s};
  options.answer_limit = 1s;
  make(options, 1);
  witness seen{world};
  seen.watch(router, 4);
  join();
  (void)ask<float>(1.0f);
  world.advance(11s);
  drain_worker(router, workers[1]);
  drain_worker(router, workers[1], false);
  remove_worker(router, workers[1]);
  EXPECT_THAT(seen, Exactly(WorkerJoined(workers[1], SeenBy(4), At(0s)), WorkerEjected(workers[0], At(1s)),
                            WorkerReadmitted(workers[0], At(11s)), WorkerDrained(workers[1]),
                            WorkerUndrained(workers[1]), WorkerLeft(workers[1])));
  EXPECT_THAT(seen, InOrder(WorkerJoined(), WorkerReadmitted(), WorkerLeft()));
  EXPECT_THAT(seen, Not(InOrder(WorkerLeft(workers[0]))));
  EXPECT_THAT(seen, Not(InOrder(WorkerLeft(caf::actor{})))) << "an empty handle is nobody, not anybody";
  EXPECT_THAT(seen, Not(InOrder(WorkerLeft(workers[1], SeenBy(1)))));
  EXPECT_THAT(
      complaint(InOrder(WorkerLeft(workers[0])), seen),
      "there is no event that says that the worker " + actor(workers[0]) + " left, or it came too early");
  EXPECT_EQ(complaint(NoEventsFor(workers[1]), seen),
            "there is: n4: worker 2 (" + actor(workers[1]) + ") joined");
  seen.forget();
  EXPECT_THAT(seen, NoEventsFor(workers[1]));
}

TEST_F(router_matchers_test, a_router_goes_on_without_its_witness) {
  make({}, 0);
  {
    witness seen{world};
    seen.watch(router);
    join();
    EXPECT_THAT(seen, Exactly(WorkerJoined(workers[0])));
  }
  join();
  EXPECT_THAT(router, WorkersInUse(2));
}

}  // namespace
}  // namespace bulwark
