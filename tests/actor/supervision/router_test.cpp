// SPDX-License-Identifier: BSD-3-Clause
// Goal: a router gives work to the least loaded, knows who is there, and refuses what nobody can take.
// Method: workers that do not run (a deterministic system that is not drained), so that their mailboxes fill
// up as the test wants.
#include "bulwark/actors/router.hpp"

#include <gmock/gmock.h>

#include "bulwark/testkit/deterministic_system.hpp"
#include "bulwark/testkit/reply.hpp"
#include "workers.hpp"

namespace bulwark {
namespace {

using namespace testkit;
using testing::IsEmpty;
using testing::SizeIs;

class router_test : public testing::Test {
 protected:
  router_test() {
    for (int i = 0; i < 3; ++i) {
      workers.push_back(world.system().spawn(recorder_behavior, caf::actor{}, seen));
      add_worker(router, workers.back());
    }
    world.drain();
  }
  ~router_test() override {
    for (const auto& one : workers) kill_now(one);
    world.drain();
    EXPECT_EQ(world.system().registry().running(), 0u);
  }

  std::vector<std::int64_t> totals() const {
    std::vector<std::int64_t> all;
    for (const auto& one : worker_loads(router)) all.push_back(one.total());
    return all;
  }

  deterministic_system world;
  log_of_numbers seen = std::make_shared<std::vector<int>>();
  caf::actor router = make_router(world.system(), "test", {routing_kind::least_connections});
  std::vector<caf::actor> workers;
};

TEST_F(router_test, messages_spread_over_mailboxes_and_answers_come_straight_back) {
  for (int i = 0; i < 6; ++i) caf::anon_send(router, i);
  EXPECT_EQ(totals(), (std::vector<std::int64_t>{2, 2, 2}));
  world.drain();
  EXPECT_EQ(totals(), (std::vector<std::int64_t>{0, 0, 0}));
  EXPECT_THAT(*seen, SizeIs(6));
  const auto reply = ask<std::int64_t>(world.system(), router, std::int64_t{41});
  world.drain();
  EXPECT_EQ(reply->value, 42);
}

TEST_F(router_test, a_lease_weighs_until_it_ends) {
  auto first = pick(router);
  ASSERT_TRUE(first);
  std::vector<routed> others;
  for (int i = 0; i < 2; ++i) others.push_back(std::move(*pick(router)));
  EXPECT_EQ(totals(), (std::vector<std::int64_t>{1, 1, 1}));
  const auto freed = first->worker;
  first.reset();
  const auto next = pick(router);
  EXPECT_EQ(next->worker, freed) << "the only one without load";
  others.clear();
  EXPECT_EQ(totals()[0] + totals()[1] + totals()[2], 1);
}

TEST_F(router_test, a_worker_that_ends_leaves_and_without_any_requests_get_an_error) {
  kill_now(workers[1]);
  world.drain();
  EXPECT_THAT(worker_loads(router), SizeIs(2));
  remove_worker(router, workers[0]);
  remove_worker(router, workers[0]);
  kill_now(workers[2]);
  world.drain();
  EXPECT_THAT(worker_loads(router), IsEmpty());
  EXPECT_FALSE(pick(router));
  const auto reply = ask<std::int64_t>(world.system(), router, std::int64_t{1});
  world.drain();
  ASSERT_TRUE(reply->error);
  EXPECT_EQ(error_text(*reply->error), "no_worker");
}

TEST_F(router_test, a_stable_reference_stays_while_its_child_restarts) {
  const auto ref = make_stable_ref(world.system(), {"x"});
  for (const auto& one : workers) remove_worker(router, one);
  add_worker(router, ref);
  add_worker(router, ref);
  caf::anon_send(router, 1);
  EXPECT_EQ(totals(), (std::vector<std::int64_t>{1})) << "what is held counts as load";
  bind(ref, workers[0]);
  world.drain();
  EXPECT_THAT(*seen, testing::ElementsAre(1));
  close(ref, shutdown_reason());
  EXPECT_THAT(worker_loads(router), IsEmpty());
}

}  // namespace
}  // namespace bulwark
