// SPDX-License-Identifier: BSD-3-Clause
// How to test what happens when a service crashes. Time is virtual: seconds pass in microseconds, and the
// same test gives the same run every time.
#include <gmock/gmock.h>

#include "bulwark/actors/service_actor.hpp"
#include "bulwark/testkit/matchers.hpp"

namespace {

using namespace bulwark;
using namespace bulwark::testkit;
using namespace std::chrono_literals;

child worker(std::string id) {
  child made;
  made.spec.id = std::move(id);
  made.spec.delays = {.initial = 100ms, .max = 1s, .jitter = 0};
  made.start = [](caf::actor_system& system, const caf::actor&) -> caf::actor {
    return system.spawn([](service_actor*, bool) -> caf::behavior { return {[](int) {}}; }, true);
  };
  return made;
}

TEST(my_service, restarts_at_once_the_first_time_and_after_a_delay_the_second_time) {
  deterministic_system world;
  auto tree =
      observe(world, {.name = {}, .flags = {.intensity = 3}, .children = {worker("front"), worker("store")}});
  tree.forget();

  crash(tree / "store", "disk on fire");
  EXPECT_THAT(tree, InOrder(Crashed("store", Reason("disk on fire")), Restarted("store", After(0ms))));

  tree.forget();
  crash(tree / "store", "again");
  EXPECT_THAT(tree, Tree({"front up", "store waiting"}));
  tree.advance(100ms);
  EXPECT_THAT(tree, InOrder(Crashed("store"), Restarted("store", After(100ms), Generation(3))));
  EXPECT_THAT(tree, NoEventsFor("front"));
}

TEST(my_service, gives_up_when_it_keeps_crashing) {
  deterministic_system world;
  auto tree =
      observe(world, {.name = {}, .flags = {.intensity = 1}, .children = {worker("front"), worker("store")}});
  crash(tree / "store");
  crash(tree / "store");
  EXPECT_THAT(tree, InOrder(GaveUp("", Reason("more than 1 restarts within 5000 ms")), Stopped("front")));
}

}  // namespace
