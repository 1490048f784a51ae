// SPDX-License-Identifier: BSD-3-Clause
// Goal: what users write to test a supervised service or a router of theirs is short. Method: this is all of
// it.
#include <bulwark/actors/compat.hpp>
#include <bulwark/actors/service_actor.hpp>
#include <bulwark/testkit/matchers.hpp>
#include <bulwark/testkit/router_matchers.hpp>
#include <caf/all.hpp>

using namespace bulwark;
using namespace bulwark::testkit;
using namespace std::chrono_literals;

namespace {

caf::actor echo(caf::actor_system& system) {
  return system.spawn([](service_actor*, bool) -> caf::behavior { return {[](int n) { return n; }}; }, true);
}

}  // namespace

TEST(my_service, comes_back_after_a_crash_and_leaves_its_sibling_alone) {
  deterministic_system world;
  const auto start = [](caf::actor_system& system, const caf::actor&) { return echo(system); };
  auto tree = observe(
      world, {.children = {{.spec = {.id = "w1"}, .start = start}, {.spec = {.id = "w2"}, .start = start}}});
  tree.forget();
  crash(tree / "w1", "boom");
  tree.advance(100ms);
  EXPECT_THAT(tree, InOrder(Crashed("w1", Reason("boom")), Restarted("w1", After(0ms))));
  EXPECT_THAT(tree, Tree({"w1 up", "w2 up"}));
  EXPECT_THAT(tree, NoEventsFor("w2"));
}

TEST(my_pool, loses_nothing_unseen_when_a_worker_is_killed) {
  deterministic_system world;
  const auto pool = make_router(world.system(), "pool", {routing_kind::round_robin});
  const auto w1 = echo(world.system()), w2 = echo(world.system());
  witness seen{world};
  seen.watch(pool);
  for (const auto& worker : {w1, w2}) add_worker(pool, worker);
  for (int job = 0; job < 10; ++job) caf::anon_send(pool, job);
  kill_now(w1);
  world.drain();
  EXPECT_THAT(pool, Counts({.submitted = 10, .done = 5, .failed = 5}));
  EXPECT_THAT(pool, NothingLost());
  EXPECT_THAT(seen, Exactly(WorkerJoined(w1), WorkerJoined(w2), WorkerLeft(w1)));
  kill_now(w2);
  world.drain();
}
