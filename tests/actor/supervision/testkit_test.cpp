// SPDX-License-Identifier: BSD-3-Clause
// Goal: the test kit sees what happened, and says what is wrong when a test expects something else.
// Method: a tree is crashed, and each matcher is asked what it says to the right and to a wrong expectation.
#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>

#include "bulwark/testkit/eventually.hpp"
#include "bulwark/testkit/matchers.hpp"
#include "bulwark/testkit/probe.hpp"
#include "workers.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using namespace testkit;
using testing::AllOf;
using testing::Eq;
using testing::HasSubstr;
using testing::Not;

class testkit_test : public testing::Test {
 protected:
  supervisor_options options() {
    supervisor_options made;
    made.flags.intensity = 100;
    made.children = {w1.as_child(), supervisor_child({.name = "sub", .children = {w2.as_child()}})};
    return made;
  }

  static std::string complaint(const tree_matcher& matcher, const observed_tree& tree) {
    testing::StringMatchResultListener listener;
    EXPECT_FALSE(testing::ExplainMatchResult(matcher, tree, &listener));
    return listener.str();
  }

  deterministic_system world;
  test_worker w1{world.system(), "w1"}, w2{world.system(), "w2"};
};

TEST_F(testkit_test, sees_crashes_and_restarts_with_reasons_and_times) {
  auto tree = observe(world, options());
  tree.forget();
  crash(tree / "w1", "boom");
  crash(tree / "w1", "again");
  tree.advance(100ms);
  EXPECT_THAT(tree, InOrder(Crashed("w1", Reason("boom")), Restarted("w1", Reason("boom"), After(0ms)),
                            Crashed("w1", Reason("again"), Generation(2)),
                            Restarted("w1", After(testing::Gt(duration{0})))));
  EXPECT_THAT(tree, InAnyOrder(Restarted("w1"), Crashed("w1"), Crashed("w1", Reason(exit_kind::failure))));
  EXPECT_THAT(tree, NoEventsFor("sub"));
  EXPECT_THAT(tree, Tree({"w1 up", "sub up", "sub/w2 up"}));
}

TEST_F(testkit_test, looks_again_until_it_sees_or_the_time_is_over) {
  struct slow_witness {
    mutable int looks = 0;
    [[nodiscard]] std::vector<supervision_event> events() const {
      supervision_event event;
      event.kind = event_kind::exited;
      event.path = "w1";
      return ++looks < 3 ? std::vector<supervision_event>{} : std::vector{event};
    }
  };
  const slow_witness witness;
  EXPECT_THAT(witness, EventuallySees(InOrder(Crashed("w1"))));
  EXPECT_EQ(witness.looks, 3);
  EXPECT_THAT(witness, Not(EventuallySees(InOrder(Crashed("w2")), 1ms)));
}

TEST_F(testkit_test, reaches_children_of_sub_supervisors) {
  auto tree = observe(world, options());
  tree.forget();
  kill(tree / "sub" / "w2");
  EXPECT_THAT(tree, Exactly(Crashed("sub/w2", Reason(exit_kind::killed)), Started("sub/w2"), Ready("sub/w2"),
                            Restarted("sub/w2")));
  send(tree / "w1", caf::make_message(7));
  EXPECT_THAT(*w1.seen, testing::ElementsAre(7));
}

TEST_F(testkit_test, says_what_is_missing_and_shows_the_timeline_and_the_tree) {
  auto tree = observe(world, options());
  crash(tree / "w1", "boom");
  EXPECT_THAT(complaint(InOrder(Restarted("w1"), Crashed("w1")), tree), HasSubstr("too early"));
  EXPECT_THAT(complaint(InAnyOrder(GaveUp("w1")), tree), HasSubstr("there is no event"));
  EXPECT_THAT(complaint(NoEventsFor("w1"), tree), HasSubstr("started w1"));
  EXPECT_THAT(complaint(Exactly(Started("w1")), tree), HasSubstr("instead of 1"));
  EXPECT_THAT(complaint(Tree({"w1 down"}), tree), testing::Not(testing::IsEmpty()));
  EXPECT_THAT(testing::PrintToString(tree),
              AllOf(HasSubstr("exited w1 (generation 1; injected: boom)"), HasSubstr("sub/w2 up")));
}

TEST_F(testkit_test, a_path_that_leads_nowhere_fails_the_test) {
  auto tree = observe(world, options());
  EXPECT_NONFATAL_FAILURE(crash(tree / "sub" / "x"), "there is no \"sub/x\" to act on");
}

TEST_F(testkit_test, what_outlives_its_tree_fails_the_test) {
  caf::actor stray;
  EXPECT_NONFATAL_FAILURE(
      {
        auto tree = observe(world, options());
        stray = world.system().spawn(recorder_behavior, tree.root(), w1.seen);
      },
      "1 actors are left");
  kill_now(stray);
  world.drain();
}

TEST_F(testkit_test, a_probe_takes_messages_and_ends) {
  auto tree = observe(world, options());
  probe client{world};
  client.watch(w1.ref);
  client.send(w1.ref, std::int64_t{41});
  client.expect<std::int64_t>(Eq(42));
  client.expect_none(1s);
  EXPECT_NONFATAL_FAILURE(client.expect<int>(Eq(1)), "none came");
  EXPECT_NONFATAL_FAILURE((void)client.expect_down(w1.ref), "goes on");
  crash(tree / "w1");
  EXPECT_NONFATAL_FAILURE((void)client.expect_down(w1.ref),
                          "goes on");  // a service outlives its incarnations
  caf::anon_send_exit(tree.root(), caf::exit_reason::user_shutdown);
  EXPECT_TRUE(client.expect_down(w1.ref).has_value());
}

TEST(eventually, waits_for_a_condition_and_no_longer_than_told) {
  int looked = 0;
  EVENTUALLY(10s, ++looked == 3);
  EXPECT_FALSE(eventually(0s, [] { return false; }));
  EXPECT_TRUE(always(0s, [] { return true; }));
}

TEST(for_all_schedules, visits_different_schedules_and_repeats_them) {
  const auto order_of = [](std::uint64_t count) {
    std::vector<std::string> orders;
    for_all_schedules(count, [&](deterministic_system& world, std::uint64_t) {
      auto order = std::make_shared<std::string>();
      for (char name = 'a'; name < 'f'; ++name) {
        const auto actor = world.system().spawn(
            [](caf::event_based_actor* self, std::shared_ptr<std::string> into, char me) -> caf::behavior {
              return {[=](int) {
                *into += me;
                self->quit();
              }};
            },
            order, name);
        caf::anon_send(actor, 1);
      }
      world.drain();
      orders.push_back(*order);
    });
    return orders;
  };
  const auto first = order_of(20);
  EXPECT_EQ(first, order_of(20));
  EXPECT_GT(std::set<std::string>(first.begin(), first.end()).size(), 5u);
}

}  // namespace
}  // namespace bulwark
