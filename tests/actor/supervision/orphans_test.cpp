// SPDX-License-Identifier: BSD-3-Clause
// Goal: the report of a stopped tree names everybody that is left, also below a supervisor that was killed.
// Method: real actors under virtual time, one of which is stuck in a thread of its own; another one takes all
// the time of the orderly stop, so that the supervisor above the stuck one has to be killed.
#include "deaf_child.hpp"
#include "stuck_child.hpp"
#include "supervisor_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using enum restart_strategy;

class orphans : public supervisor_fixture {
 protected:
  /// Does not care for being asked to stop; ends when it is killed.
  static child deaf(const test_worker& worker) {
    auto made = worker.as_child();
    made.spec.shutdown = shutdown_policy::infinity();
    made.start = [](caf::actor_system& system, const caf::actor&) { return spawn_deaf(system); };
    return made;
  }

  std::shared_ptr<const testkit::reply<stop_report>> stop_within(std::uint32_t milliseconds) {
    recorder.clear();
    auto report = testkit::ask<stop_report>(world.system(), root_, stop_tree{milliseconds});
    world.drain();
    root_ = nullptr;
    return report;
  }
};

TEST_F(orphans, one_that_is_stuck_below_killed_supervisors_is_named) {
  stuck_child stuck{b};
  auto sub = supervisor_child(below("sub", one_for_one, {stuck.what, c.as_child()}));
  auto mid = supervisor_child(below("mid", one_for_one, {sub}));
  start(one_for_one, {mid, deaf(a)});
  caf::anon_send(b.ref, 1);
  stuck.await_stuck();
  const auto report = stop_within(8000);
  world.advance(7999ms);
  EXPECT_TRUE(report->pending()) << "it may still end";
  world.advance(1ms);
  ASSERT_TRUE(report->value);
  EXPECT_THAT(report->value->abandoned, ElementsAre("mid/sub/b"));
  EXPECT_THAT(recorder.story_of({event_kind::abandoned}), ElementsAre("abandoned mid/sub/b"));
  stuck.release(world.system(), 0);
}

TEST_F(orphans, those_that_end_of_the_kill_are_not_named_and_not_waited_for) {
  auto sub = supervisor_child(below("sub", one_for_one, {deaf(b), c.as_child()}));
  auto mid = supervisor_child(below("mid", one_for_one, {sub}));
  start(one_for_one, {mid, deaf(a)});
  const auto report = stop_within(8000);
  world.advance(6s);
  ASSERT_TRUE(report->value) << "three quarters of the time are over, and nobody is left";
  EXPECT_THAT(report->value->abandoned, IsEmpty());
}

TEST_F(orphans, one_that_ends_late_is_waited_for_and_not_named) {
  stuck_child stuck{b};
  start(one_for_one, {supervisor_child(below("sub", one_for_one, {stuck.what})), deaf(a)});
  caf::anon_send(b.ref, 1);
  stuck.await_stuck();
  const auto report = stop_within(8000);
  world.advance(7s);
  EXPECT_TRUE(report->pending());
  stuck.release(world.system(), 2);  // the root, and who asked
  world.drain();
  ASSERT_TRUE(report->value);
  EXPECT_THAT(report->value->abandoned, IsEmpty());
}

}  // namespace
}  // namespace bulwark
