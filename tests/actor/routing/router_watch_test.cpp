// SPDX-License-Identifier: BSD-3-Clause
// Goal: who watches a router hears of every change among its workers, once and in order, and nobody else pays
// for it. Method: a deterministic system; the watcher writes down what it hears.
#include "routing_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class router_watch_test : public routing_fixture {
 protected:
  worker_watch watch() {
    return watch_workers(router, [this](const worker_event& event) { heard.push_back(line(event)); });
  }

  std::string line(const worker_event& event) const {
    EXPECT_EQ(workers.at(event.number - 1).address(), event.worker) << "numbers are in the order of joining";
    return std::to_string(event.number) + " " + to_string(event.kind);
  }

  std::vector<std::string> heard;
};

TEST_F(router_watch_test, workers_that_come_drain_and_go_are_told_once) {
  make({}, 1);
  const auto told = watch();
  join();
  add_worker(router, workers[1]);
  for (const bool on : {true, true, false, false}) drain_worker(router, workers[1], on);
  remove_worker(router, workers[0]);
  remove_worker(router, workers[0]);
  kill_now(workers[1]);
  world.drain();
  EXPECT_THAT(heard, ElementsAre("2 joined", "2 drained", "2 undrained", "1 left", "2 left"));
}

TEST_F(router_watch_test, an_ejection_is_told_and_its_end_as_well) {
  router_options options;
  options.rules.ejection = {.failures = 1, .time = 10s};
  options.answer_limit = 1s;
  make(options, 2);
  const auto told = watch();
  (void)ask<float>(1.0f);
  world.advance(1s);
  EXPECT_THAT(heard, ElementsAre("1 ejected"));
  world.advance(10s);
  EXPECT_THAT(heard, ElementsAre("1 ejected", "1 readmitted"));
}

TEST_F(router_watch_test, a_worker_that_ends_with_something_to_do_is_told_once) {
  make({}, 1);
  const auto told = watch();
  (void)ask<float>(1.0f);
  world.drain();
  caf::anon_send(router, std::string{"crash"});
  world.drain();
  EXPECT_THAT(heard, ElementsAre("1 left"));
}

TEST_F(router_watch_test, the_end_of_the_router_is_the_leave_of_all) {
  make({}, 2);
  const auto told = watch();
  ask_to_stop(router);
  world.drain();
  EXPECT_THAT(heard, testing::UnorderedElementsAre("1 left", "2 left"));
}

TEST_F(router_watch_test, who_is_told_may_use_the_router_and_hears_of_that_in_order) {
  make({}, 1);
  bool inside = false;
  const auto told = watch_workers(router, [&](const worker_event& event) {
    EXPECT_FALSE(std::exchange(inside, true)) << "one at a time";
    heard.push_back(line(event));
    if (event.kind == worker_event_kind::joined) drain_worker(router, workers[1]);
    if (event.kind == worker_event_kind::drained) caf::anon_send(router, 7);
    inside = false;
  });
  join();
  world.drain();
  EXPECT_THAT(heard, ElementsAre("2 joined", "2 drained"));
  EXPECT_THAT(log->handled, ElementsAre(7));
}

TEST_F(router_watch_test, a_watch_ends_with_its_handle_and_others_go_on) {
  make({}, 0);
  auto first = watch();
  const auto second = watch();
  join();
  first.reset();
  join();
  EXPECT_THAT(heard, ElementsAre("1 joined", "1 joined", "2 joined"));
}

TEST_F(router_watch_test, a_worker_that_is_told_of_is_not_kept_alive) {
  make({}, 0);
  std::vector<worker_event> kept;
  const auto told = watch_workers(router, [&](const worker_event& event) { kept.push_back(event); });
  const auto token = std::make_shared<int>(0);
  auto one = world.system().spawn(
      [](caf::event_based_actor*, std::shared_ptr<int>) -> caf::behavior { return {[](int) {}}; }, token);
  add_worker(router, one);
  kill_now(one);
  one = nullptr;
  world.drain();
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_FALSE(caf::actor_cast<caf::actor>(kept[0].worker));
  EXPECT_EQ(to_string(kept[0]), "worker 1 (actor " + std::to_string(kept[0].worker.id()) + ") joined");
}

}  // namespace
}  // namespace bulwark
