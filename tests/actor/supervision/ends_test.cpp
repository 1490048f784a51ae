// SPDX-License-Identifier: BSD-3-Clause
// Goal: nobody's end is taken for something else: that of a parent, of a child that is linked, of one that
// takes its time. Messages that come meanwhile are for the successor. Method: real actors under virtual time.
#include <gmock/gmock.h>

#include "bulwark/testkit/probe.hpp"
#include "deaf_child.hpp"
#include "orders_fixture.hpp"
#include "stuck_child.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using namespace testkit;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using enum restart_strategy;

class ends : public supervisor_orders {
 protected:
  /// The first incarnation does not care for being asked to stop; later ones are as usual.
  static child deaf_at_first(const test_worker& worker) {
    auto made = worker.as_child();
    made.start = [start = made.start, first = std::make_shared<bool>(true)](
                     caf::actor_system& system, const caf::actor& supervisor) -> caf::actor {
      if (!std::exchange(*first, false)) return start(system, supervisor).handle;
      return spawn_deaf(system);
    };
    return made;
  }

  /// `one` is child a, which crashes when it is sent a number.
  void expect_its_crash_restarts_it(const child& one) {
    start(one_for_one, {one});
    caf::anon_send(a.ref, 1);
    world.drain();
    EXPECT_THAT(states(), ElementsAre("a up"));
    EXPECT_EQ(recorder.count(event_kind::restarted, "a"), 1u);
  }

  static void wait_for(child& one, duration between_restarts) {
    one.spec.delays = {.initial = between_restarts, .max = between_restarts, .jitter = 0};
  }
};

TEST_F(ends, of_a_parent_that_is_no_supervisor_stops_the_tree) {
  const auto parent = world.system().spawn(
      [](caf::event_based_actor* self, bool) -> caf::behavior {
        return {[self](int) { self->quit(); }, [](child_ready) {}};
      },
      true);
  auto options = below("root", one_for_one, {a.as_child()});
  options.parent = parent;
  const auto root = spawn_supervisor(world.system(), std::move(options));
  probe watcher{world};
  watcher.watch(root);
  world.drain();
  EXPECT_EQ(successor_of(a.ref, 1), 2);
  caf::anon_send(parent, 1);
  world.drain();
  const auto reason = watcher.expect_down(root);
  ASSERT_TRUE(reason);
  EXPECT_EQ(*reason, caf::exit_reason::user_shutdown);
  EXPECT_THAT(error_text(*reason), HasSubstr("the parent supervisor ended"));
}

TEST_F(ends, of_children_that_are_linked_are_no_orders_to_stop) {
  class linked : public service_actor {
   public:
    linked(caf::actor_config& config, const caf::actor& to) : service_actor{config} { link_to(to); }
    caf::behavior make_behavior() override {
      return {[this](int) { quit(caf::make_error(caf::sec::bad_function_call)); }};
    }
  };
  auto one = a.as_child();
  one.start = [](caf::actor_system& system, const caf::actor& supervisor) -> caf::actor {
    return system.spawn<linked>(supervisor);
  };
  expect_its_crash_restarts_it(one);
}

TEST_F(ends, of_a_child_that_links_itself_later_is_no_order_either) {
  auto one = a.as_child();
  one.start = [](caf::actor_system& system, const caf::actor& supervisor) -> caf::actor {
    return system.spawn(
        [](service_actor* self, const caf::actor& to) -> caf::behavior {
          self->link_to(to);
          return {[self](int) { self->quit(caf::make_error(caf::sec::bad_function_call)); }};
        },
        supervisor);
  };
  expect_its_crash_restarts_it(one);
}

TEST_F(ends, of_a_sub_supervisor_takes_as_long_as_that_of_its_children) {
  auto slow = deaf_at_first(b);
  slow.spec.shutdown = shutdown_policy::within(8s);
  start(one_for_one, {supervisor_child(below("sub", one_for_one, {slow}))});
  const auto root = std::exchange(root_, {});
  caf::anon_send_exit(root, caf::exit_reason::user_shutdown);
  world.advance(7999ms);
  EXPECT_EQ(recorder.count(event_kind::stopped, "sub/b"), 0u);
  world.advance(1ms);
  EXPECT_EQ(recorder.count(event_kind::stopped, "sub/b"), 1u);
}

TEST_F(ends, of_a_sub_supervisor_that_stays_down_is_told_to_all_below_it) {
  const auto told = std::make_shared<std::vector<bool>>();
  auto leaf = b.as_child();
  leaf.gone = [told](bool for_good) { told->push_back(for_good); };
  auto options = below("sub", one_for_one, {leaf}, 0);
  options.flags.gives_up_quietly = true;
  auto sub = supervisor_child(options);
  sub.spec.restart = restart_type::transient;
  start(one_for_one, {sub});
  tell(b.ref, "crash");
  EXPECT_THAT(states(), ElementsAre("sub down null"));
  EXPECT_EQ(ref_stats(b.ref).state, ref_state::vacant);
  EXPECT_THAT(*told, ElementsAre(false));
}

TEST_F(ends, what_comes_while_a_child_is_being_stopped_is_for_its_successor) {
  auto slow = deaf_at_first(b);
  slow.spec.shutdown = shutdown_policy::within(1s);
  start(rest_for_one, {a.as_child(), slow});
  tell(a.ref, "crash");  // takes b along
  EXPECT_THAT(states(), ElementsAre("a waiting null", "b stopping"));
  caf::anon_send(b.ref, 7);
  world.advance(1s);
  EXPECT_THAT(states(), ElementsAre("a up", "b up"));
  EXPECT_THAT(*b.seen, ElementsAre(7));
}

TEST_F(ends, what_comes_while_one_outlives_its_kill_is_for_its_successor) {
  stuck_child stuck{b};
  stuck.what.spec.shutdown = shutdown_policy::brutal_kill();
  start(rest_for_one, {a.as_child(), stuck.what});
  caf::anon_send(b.ref, 1);
  stuck.await_stuck();
  tell(a.ref, "crash");
  caf::anon_send(b.ref, 7);
  world.advance(5s);
  EXPECT_THAT(*b.seen, ElementsAre(7));
  stuck.release(world.system(), 3);
}

TEST_F(ends, what_comes_below_a_supervisor_that_was_killed_is_for_the_next) {
  stuck_child stuck{b};
  auto second = stuck.what;
  second.start = [start = stuck.what.start, plain = b.as_child().start, starts = std::make_shared<int>()](
                     caf::actor_system& system, const caf::actor& supervisor) {
    return ++*starts == 2 ? start(system, supervisor) : plain(system, supervisor);
  };
  auto sub = supervisor_child(below("sub", one_for_one, {second}));
  wait_for(sub, 1s);
  start(one_for_one, {sub});
  EXPECT_EQ(kill("sub").killed, "sub");  // the first restart is at once
  caf::anon_send(b.ref, 1);
  stuck.await_stuck();
  EXPECT_EQ(kill("sub").killed, "sub");
  EXPECT_THAT(states(), ElementsAre("sub waiting null"));
  caf::anon_send(b.ref, 7);
  world.advance(1s);
  EXPECT_THAT(*b.seen, ElementsAre(7));
  stuck.release(world.system(), 3);
}

TEST_F(ends, of_one_that_is_terminated_and_does_not_end_is_answered_when_it_is_abandoned) {
  stuck_child stuck{a};
  stuck.what.spec.shutdown = shutdown_policy::brutal_kill();
  start(one_for_one, {stuck.what});
  caf::anon_send(a.ref, 1);
  stuck.await_stuck();
  const auto reply = ask<caf::ok_atom>(world.system(), root_, terminate_child{"a"});
  world.advance(4999ms);
  EXPECT_TRUE(reply->pending());
  world.advance(1ms);
  EXPECT_TRUE(reply->value);
  stuck.release(world.system(), 2);
}

TEST_F(ends, of_two_that_wait_the_one_that_may_start_sooner_does) {
  auto late = a.as_child(), soon = b.as_child();
  wait_for(late, 10s);
  wait_for(soon, 100ms);
  start(one_for_one, {late, soon});
  for (const auto* one : {&a, &b, &a, &b}) tell(one->ref, "crash");
  EXPECT_THAT(states(), ElementsAre("a waiting null", "b waiting null"));
  world.advance(100ms);
  EXPECT_THAT(states(), ElementsAre("a waiting null", "b up"));
  world.advance(9900ms);
  EXPECT_THAT(states(), ElementsAre("a up", "b up"));
}

TEST_F(ends, of_a_tree_that_is_stopped_within_a_time_is_a_shutdown) {
  start(one_for_one, {a.as_child()});
  probe watcher{world};
  watcher.watch(root_);
  const auto report = ask<stop_report>(world.system(), root_, stop_tree{1000});
  world.drain();
  EXPECT_TRUE(report->value);
  EXPECT_EQ(watcher.expect_down(root_), caf::make_error(caf::exit_reason::user_shutdown));
  root_ = nullptr;
}

TEST_F(ends, of_a_supervisor_by_a_significant_child_says_which) {
  auto leaf = with(a, restart_type::transient);
  leaf.spec.significant = true;
  auto options = below("sub", one_for_one, {leaf});
  options.flags.shutdown = auto_shutdown::any_significant;
  auto sub = supervisor_child(options);
  sub.spec.restart = restart_type::transient;
  start(one_for_one, {sub});
  tell(a.ref, "quit");
  EXPECT_THAT(states(), ElementsAre("sub down null"));
  EXPECT_THAT(tree().children.at(0).last_reason, HasSubstr("the significant child \"a\" ended"));
}

TEST_F(ends, of_those_that_a_killed_supervisor_had_given_up_are_named) {
  test_worker d{world.system(), "d"};
  stuck_child stuck{b};
  stuck.what.spec.shutdown = shutdown_policy::brutal_kill();
  auto deaf = deaf_at_first(c), other_deaf = deaf_at_first(d);
  deaf.spec.shutdown = other_deaf.spec.shutdown = shutdown_policy::infinity();
  start(one_for_one,
        {supervisor_child(below("sub", one_for_one, {deaf, stuck.what, a.as_child()}, 0)), other_deaf});
  caf::anon_send(b.ref, 1);
  stuck.await_stuck();
  tell(a.ref, "crash");  // sub gives up, abandons b, and waits for c
  world.advance(5s);
  EXPECT_EQ(recorder.count(event_kind::abandoned, "sub/b"), 1u);
  const auto report = ask<stop_report>(world.system(), root_, stop_tree{8000});
  root_ = nullptr;
  world.advance(6s);
  ASSERT_TRUE(report->value) << "all that is left can be killed";
  EXPECT_THAT(report->value->abandoned, ElementsAre("sub/b"));
  stuck.release(world.system(), 1);
}

}  // namespace
}  // namespace bulwark
