// SPDX-License-Identifier: BSD-3-Clause
// Goal: what a user writes to test a supervised service of theirs is short. Method: this is all of it.
#include <bulwark/actors/service_actor.hpp>
#include <bulwark/testkit/matchers.hpp>
#include <caf/all.hpp>

using namespace bulwark;
using namespace bulwark::testkit;
using namespace std::chrono_literals;

TEST(my_service, comes_back_after_a_crash_and_leaves_its_sibling_alone) {
  deterministic_system world;
  const auto start = [](caf::actor_system& system, const caf::actor&) -> caf::actor {
    return system.spawn([](service_actor*, bool) -> caf::behavior { return {[](int n) { return n; }}; },
                        true);
  };
  auto tree = observe(
      world, {.children = {{.spec = {.id = "w1"}, .start = start}, {.spec = {.id = "w2"}, .start = start}}});
  tree.forget();
  crash(tree / "w1", "boom");
  tree.advance(100ms);
  EXPECT_THAT(tree, InOrder(Crashed("w1", Reason("boom")), Restarted("w1", After(0ms))));
  EXPECT_THAT(tree, Tree({"w1 up", "w2 up"}));
  EXPECT_THAT(tree, NoEventsFor("w2"));
}
