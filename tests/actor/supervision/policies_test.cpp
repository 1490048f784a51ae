// SPDX-License-Identifier: BSD-3-Clause
// Goal: the policies of a child spec that go beyond OTP work on real actors, up the whole tree. Method: real
// actors under virtual time; the events of the supervisors are compared.
#include <gmock/gmock.h>

#include "bulwark/supervision/failure_rules.hpp"
#include "orders_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using namespace testkit;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using enum restart_strategy;

class policies : public supervisor_orders {};

TEST_F(policies, a_child_that_is_to_resume_keeps_its_state_and_answers_the_failed_request) {
  auto tough = a.as_child();
  tough.spec.rules = {rule_for_exception<std::exception>(directive::resume)};
  start(one_for_one, {tough}, 0);
  recorder.clear();
  const auto failed = ask<int>(world.system(), a.ref, std::string{"crash"});
  world.drain();
  ASSERT_TRUE(failed->error);
  EXPECT_EQ(error_text(*failed->error), "std::runtime_error: poison");
  EXPECT_THAT(recorder.story(), ElementsAre("resumed a"));
  EXPECT_EQ(recorder.events().back().reason.category, "std::runtime_error");
  EXPECT_EQ(ref_stats(a.ref).bindings, 1u);
  tell(a.ref, "fail");
  EXPECT_THAT(recorder.story(), Contains("gave_up ")) << "an exit is not to be passed over";
}

TEST_F(policies, an_exception_is_reported_with_its_type_and_words) {
  start(one_for_one, {a.as_child()});
  recorder.clear();
  tell(a.ref, "crash");
  const auto reason = recorder.events().front().reason;
  EXPECT_EQ(
      reason,
      (exit_status{
          exit_kind::failure, "std::runtime_error: poison", "std::runtime_error", 0, {"std::exception"}}));
}

TEST_F(policies, a_failure_that_is_to_stop_the_child_stops_it_by_its_error_code) {
  auto brittle = a.as_child();
  brittle.spec.rules = {rule_for_error(caf::sec::bad_function_call, directive::stop)};
  start(one_for_one, {brittle});
  tell(a.ref, "crash");
  EXPECT_THAT(states(), ElementsAre("a up"));
  world.advance(10s);
  tell(a.ref, "fail");
  EXPECT_THAT(states(), ElementsAre("a down null"));
}

TEST_F(policies, a_transient_sub_supervisor_that_gives_up_comes_back_unless_it_does_so_quietly) {
  for (const bool quietly : {false, true}) {
    auto options = below("sub", one_for_one, {b.as_child()}, 0);
    options.flags.gives_up_quietly = quietly;
    auto sub = supervisor_child(options);
    sub.spec.restart = restart_type::transient;
    start(one_for_one, {sub});
    recorder.clear();
    tell(b.ref, "crash");
    EXPECT_THAT(states(), ElementsAre(quietly ? "sub down null" : "sub up"));
    caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
    root_ = nullptr;
    world.drain();
    b = test_worker{world.system(), "b"};
  }
}

TEST_F(policies, the_end_of_a_significant_child_ends_supervisor_and_parent_in_a_chain) {
  auto leaf = with(b, restart_type::transient);
  leaf.spec.significant = true;
  auto options = below("sub", one_for_one, {leaf, c.as_child()});
  options.flags.shutdown = auto_shutdown::any_significant;
  auto sub = supervisor_child(options);
  sub.spec.restart = restart_type::transient;
  sub.spec.significant = true;
  supervisor_options root;
  root.flags.shutdown = auto_shutdown::any_significant;
  root.children = {sub, a.as_child()};
  root.sink = recorder.sink();
  root_ = spawn_supervisor(world.system(), std::move(root));
  world.drain();
  recorder.clear();
  tell(b.ref, "quit");
  EXPECT_THAT(recorder.story(), ElementsAre("exited sub/b", "shut_down sub", "stopped sub/c", "exited sub",
                                            "shut_down ", "stopped a"));
  root_ = nullptr;
}

TEST_F(policies, the_cause_of_a_failed_start_deep_in_the_tree_reaches_the_top) {
  broken = true;
  start(one_for_one, {a.as_child(), supervisor_child(below("sub", one_for_one, {fragile(b)}))});
  const auto events = recorder.events();
  const auto end = std::ranges::find_if(
      events, [](const auto& event) { return event.kind == event_kind::gave_up && event.path.empty(); });
  ASSERT_NE(end, events.end());
  EXPECT_THAT(end->reason.text, HasSubstr("no socket"));
  root_ = nullptr;
}

TEST_F(policies, a_tree_stops_within_its_deadline_and_names_who_was_abandoned) {
  auto deaf = [](const test_worker& worker) {
    auto made = worker.as_child();
    made.spec.shutdown = shutdown_policy::infinity();
    made.start = [](caf::actor_system& system, const caf::actor&) -> caf::actor {
      return system.spawn(
          [](service_actor* self, bool) -> caf::behavior {
            self->set_exit_handler([](caf::exit_msg&) {});
            return {[](int) {}};
          },
          true);
    };
    return made;
  };
  start(one_for_one, {deaf(a), supervisor_child(below("sub", one_for_one, {deaf(b), c.as_child()}))});
  const auto report = ask<stop_report>(world.system(), root_, stop_tree{8000});
  const auto begin = world.now();
  world.advance(8s);
  root_ = nullptr;
  ASSERT_TRUE(report->value) << "not stopped after " << (world.now() - begin).count() << " ns";
  EXPECT_THAT(report->value->abandoned, IsEmpty()) << "who can be killed is not abandoned";
  EXPECT_THAT(recorder.story_of({event_kind::stopped, event_kind::abandoned}),
              ElementsAre("stopped sub/c", "stopped sub/b", "stopped sub", "stopped a"));
}

}  // namespace
}  // namespace bulwark
