// SPDX-License-Identifier: BSD-3-Clause
// Goal: a supervisor of real actors takes OTP's orders, with OTP's errors as typed values, and answers when
// what was ordered has happened. Method: real actors under virtual time; the cases of OTP's suite that go
// through its interface.
#include <gmock/gmock.h>

#include "supervisor_fixture.hpp"

namespace bulwark {
namespace {

/// Something whose copies can be counted.
struct counted {
  std::shared_ptr<int> copies;
};

}  // namespace
}  // namespace bulwark

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::counted)

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

class supervisor_orders : public supervisor_fixture {
 protected:
  /// What an order brings once everything has settled: "ok", an error, or "pending".
  template <class Order>
  std::string give(Order order) {
    const auto reply = ask<caf::ok_atom>(world.system(), root_, std::move(order));
    world.drain();
    if (reply->pending()) return "pending";
    return reply->error ? words_of(*reply->error) : "ok";
  }

  template <class Order>
  std::shared_ptr<const reply<child_started>> launch(Order order) {
    auto reply = ask<child_started>(world.system(), root_, std::move(order));
    world.drain();
    return reply;
  }

  /// The id of what was started, or the error.
  template <class Order>
  std::string start_by(Order order) {
    const auto reply = launch(std::move(order));
    if (reply->pending()) return "pending";
    return reply->error ? words_of(*reply->error) : reply->value->id;
  }

  std::string counts() {
    const auto reply = ask<child_counts>(world.system(), root_, count_children{});
    world.drain();
    if (!reply->value) return "nothing";
    const auto& [specs, active, supervisors, workers] = *reply->value;
    return std::to_string(specs) + ' ' + std::to_string(active) + ' ' + std::to_string(supervisors) + ' ' +
           std::to_string(workers);
  }

  std::vector<std::string> states() {
    const auto reply = ask<child_list>(world.system(), root_, which_children{});
    world.drain();
    std::vector<std::string> lines;
    for (const auto& one : reply->value.value_or(child_list{}).children)
      lines.push_back(one.id + ' ' + one.state + (one.handle ? "" : " null"));
    return lines;
  }

  static std::string words_of(const caf::error& problem) {
    if (problem.category() != caf::atom("supervise")) return error_text(problem);
    return to_string(static_cast<supervision_error>(problem.code()));
  }

  child with(const test_worker& worker, restart_type type) const {
    auto made = worker.as_child();
    made.spec.restart = type;
    return made;
  }

  /// A worker whose start function fails as long as `broken` says so.
  child fragile(const test_worker& worker) {
    auto made = worker.as_child();
    made.start = [start = made.start, this](auto& system, const auto& supervisor) {
      if (broken) throw std::runtime_error{"no socket"};
      return start(system, supervisor);
    };
    return made;
  }

  bool broken = false;
};

TEST_F(supervisor_orders, go_through_the_whole_cycle_with_the_errors_of_otp) {
  start(one_for_one, {});
  EXPECT_EQ(counts(), "0 0 0 0");
  EXPECT_EQ(give(terminate_child{"a"}), "not_found");
  EXPECT_EQ(start_by(restart_child{"a"}), "not_found");
  EXPECT_EQ(give(delete_child{"a"}), "not_found");
  EXPECT_EQ(start_by(start_child{a.as_child()}), "a");
  EXPECT_EQ(counts(), "1 1 0 1");
  EXPECT_THAT(states(), ElementsAre("a up"));
  EXPECT_EQ(start_by(start_child{a.as_child()}), "already_started");
  EXPECT_EQ(start_by(restart_child{"a"}), "running");
  EXPECT_EQ(give(delete_child{"a"}), "running");
  EXPECT_EQ(give(terminate_child{"a"}), "ok");
  EXPECT_EQ(give(terminate_child{"a"}), "ok");
  EXPECT_EQ(counts(), "1 0 0 1");
  EXPECT_THAT(states(), ElementsAre("a down null"));
  EXPECT_EQ(start_by(start_child{a.as_child()}), "already_present");
  EXPECT_EQ(start_by(restart_child{"a"}), "a");
  EXPECT_EQ(successor_of(a.ref, 1), 2);
  EXPECT_EQ(give(terminate_child{"a"}), "ok");
  EXPECT_EQ(give(delete_child{"a"}), "ok");
  EXPECT_EQ(counts(), "0 0 0 0");
  EXPECT_EQ(start_by(start_pool_child{}), "simple_one_for_one");
}

TEST_F(supervisor_orders, to_a_supervisor_that_is_gone_fail) {
  start(one_for_one, {a.as_child()});
  const auto gone = root_;
  caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
  world.drain();
  root_ = nullptr;
  const auto reply = ask<child_counts>(world.system(), gone, count_children{});
  world.drain();
  ASSERT_TRUE(reply->error);
  EXPECT_EQ(*reply->error, caf::sec::request_receiver_down);
}

TEST_F(supervisor_orders, specs_that_cannot_work_are_refused_with_the_reason) {
  start(one_for_one, {});
  auto nameless = a.as_child();
  nameless.spec.id.clear();
  const auto reply = launch(start_child{nameless});
  ASSERT_TRUE(reply->error);
  EXPECT_THAT(error_text(*reply->error), HasSubstr("a child needs an id"));
  auto idle = a.as_child();
  idle.start = {};
  EXPECT_EQ(start_by(start_child{idle}), "invalid_spec");
  auto significant = with(a, restart_type::transient);
  significant.spec.significant = true;
  EXPECT_EQ(start_by(start_child{significant}), "invalid_spec") << "as the supervisor never shuts down";
  EXPECT_EQ(counts(), "0 0 0 0");
}

TEST_F(supervisor_orders, a_start_that_fails_is_answered_with_the_cause_and_leaves_nothing) {
  start(one_for_one, {}, 0);
  broken = true;
  const auto reply = launch(start_child{fragile(a)});
  ASSERT_TRUE(reply->error);
  EXPECT_EQ(words_of(*reply->error), "start_failed");
  EXPECT_THAT(error_text(*reply->error), HasSubstr("std::runtime_error: no socket"));
  EXPECT_EQ(counts(), "0 0 0 0");
}

TEST_F(supervisor_orders, a_restart_that_fails_is_answered_with_the_cause_and_leaves_the_child_down) {
  start(one_for_one, {fragile(a)}, 0);
  EXPECT_EQ(give(terminate_child{"a"}), "ok");
  broken = true;
  EXPECT_EQ(start_by(restart_child{"a"}), "start_failed");
  EXPECT_THAT(states(), ElementsAre("a down null"));
  broken = false;
  EXPECT_EQ(start_by(restart_child{"a"}), "a");
}

TEST_F(supervisor_orders, are_answered_while_a_restart_keeps_failing) {
  for (const auto strategy : {one_for_one, rest_for_one}) {
    start(strategy, {b.as_child()});
    EXPECT_EQ(start_by(start_child{fragile(a)}), "a");
    broken = true;
    tell(a.ref, "crash");
    EXPECT_EQ(start_by(start_child{fragile(a)}), "already_started");
    EXPECT_EQ(start_by(restart_child{"a"}), "restarting");
    EXPECT_EQ(give(delete_child{"a"}), "restarting");
    EXPECT_THAT(states(), ElementsAre("b up", "a waiting null"));
    EXPECT_EQ(counts(), "2 1 0 2");
    EXPECT_EQ(give(terminate_child{"a"}), "ok") << "it ends the loop";
    world.advance(1min);
    EXPECT_THAT(states(), ElementsAre("b up", "a down null"));
    caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
    root_ = nullptr;
    world.drain();
    broken = false;
    a = test_worker{world.system(), "a"};
    b = test_worker{world.system(), "b"};
  }
}

TEST_F(supervisor_orders, a_start_is_answered_once_the_child_is_ready) {
  start(one_for_one, {});
  auto slow = a.as_child();
  slow.reports_ready = true;
  caf::actor incarnation;
  slow.start = [start = slow.start, &incarnation](auto& system, const auto& supervisor) {
    return incarnation = start(system, supervisor).handle;
  };
  const auto reply = launch(start_child{slow});
  EXPECT_TRUE(reply->pending());
  EXPECT_THAT(states(), ElementsAre("a starting"));
  tell(incarnation, "ready");
  ASSERT_TRUE(reply->value);
  EXPECT_EQ(reply->value->handle, a.ref) << "what outlives the incarnation";
  incarnation = nullptr;
}

TEST_F(supervisor_orders, a_terminate_is_answered_once_the_child_is_down) {
  auto deaf = a.as_child();
  deaf.spec.shutdown = shutdown_policy::within(2s);
  deaf.start = [](caf::actor_system& system, const caf::actor&) -> caf::actor {
    return system.spawn(
        [](service_actor* self, bool) -> caf::behavior {
          self->set_exit_handler([](caf::exit_msg&) {});
          return {[](int) {}};
        },
        true);
  };
  start(one_for_one, {deaf});
  const auto reply = ask<caf::ok_atom>(world.system(), root_, terminate_child{"a"});
  world.advance(1999ms);
  EXPECT_TRUE(reply->pending());
  world.advance(1ms);
  EXPECT_TRUE(reply->value);
  EXPECT_THAT(recorder.events().back().reason.kind, exit_kind::killed);
}

TEST_F(supervisor_orders, what_a_start_function_says_beyond_its_actor_comes_back) {
  start(one_for_one, {});
  auto talkative = a.as_child();
  talkative.start = [start = talkative.start](auto& system, const auto& supervisor) {
    return start_result{start(system, supervisor).handle, caf::make_message(42)};
  };
  const auto reply = launch(start_child{talkative});
  ASSERT_TRUE(reply->value);
  EXPECT_EQ(reply->value->info.get_as<int>(0), 42);
  tell(a.ref, "crash");
  EXPECT_EQ(successor_of(a.ref, 1), 2) << "in a restart it is of no concern";
}

TEST_F(supervisor_orders, a_child_that_has_nothing_to_serve_is_kept_down_unless_it_is_temporary) {
  const auto nothing = [](caf::actor_system&, const caf::actor&) { return start_result::ignore(); };
  auto kept = a.as_child(), dropped = with(b, restart_type::temporary);
  kept.start = nothing;
  dropped.start = nothing;
  start(one_for_one, {kept, dropped, c.as_child()});
  EXPECT_THAT(states(), ElementsAre("a down null", "c up"));
  EXPECT_EQ(counts(), "2 1 0 2");
  const auto reply = launch(start_child{dropped});
  ASSERT_TRUE(reply->value);
  EXPECT_EQ(reply->value->handle, nullptr);
  EXPECT_EQ(counts(), "2 1 0 2");
}

TEST_F(supervisor_orders, show_the_spec_of_a_child) {
  start(one_for_one, {with(a, restart_type::transient)});
  const auto found = ask<child_spec>(world.system(), root_, get_childspec{"a"});
  const auto missing = ask<child_spec>(world.system(), root_, get_childspec{"x"});
  world.drain();
  ASSERT_TRUE(found->value);
  EXPECT_EQ(found->value->restart, restart_type::transient);
  EXPECT_EQ(found->value->shutdown, shutdown_policy::within(5s));
  ASSERT_TRUE(missing->error);
  EXPECT_EQ(words_of(*missing->error), "not_found");
}

TEST_F(supervisor_orders, change_specs_and_flags_of_a_supervisor_that_runs) {
  start(one_for_one, {a.as_child(), b.as_child()});
  supervisor_flags flags;
  flags.strategy = one_for_all;
  flags.intensity = 100;
  EXPECT_EQ(give(change_supervisor{flags, {with(a, restart_type::temporary), c.as_child()}}), "ok");
  EXPECT_THAT(states(), ElementsAre("a up", "b up", "c down null"));
  recorder.clear();
  tell(b.ref, "crash");
  EXPECT_THAT(states(), ElementsAre("b up", "c up")) << "one_for_all, and a is temporary now";
  EXPECT_EQ(give(change_supervisor{flags, {a.as_child(), a.as_child()}}), "invalid_spec");
}

// -- pools ----------------------------------------------------------------------------------------

class pools : public supervisor_orders {
 protected:
  void start_pool(restart_type type, std::uint32_t intensity = 100) {
    child made;
    made.spec.id = "w";
    made.spec.restart = type;
    made.start_with = [this](caf::actor_system& system, const caf::actor& supervisor,
                             const caf::message& arguments) -> start_result {
      if (broken) throw std::runtime_error{"no socket"};
      if (arguments.match_elements<bool>()) return start_result::ignore();
      if (arguments.match_elements<int>()) seen_arguments.push_back(arguments.get_as<int>(0));
      return system.spawn(recorder_behavior, supervisor, a.seen);
    };
    start(simple_one_for_one, {made}, intensity);
  }

  caf::actor add(int argument) {
    const auto reply = launch(start_pool_child{caf::make_message(argument)});
    return reply->value ? reply->value->handle : nullptr;
  }

  std::vector<int> seen_arguments;
};

TEST_F(pools, children_are_started_and_restarted_with_their_arguments) {
  start_pool(restart_type::permanent);
  const auto first = add(11);
  add(22);
  EXPECT_THAT(states(), ElementsAre("w:1 up", "w:2 up"));
  EXPECT_EQ(counts(), "1 2 0 2");
  tell(first, "crash");
  EXPECT_THAT(seen_arguments, ElementsAre(11, 22, 11));
  EXPECT_EQ(recorder.count(event_kind::restarted, "w:1"), 1u);
}

TEST_F(pools, refuse_orders_that_need_a_spec_of_their_own) {
  start_pool(restart_type::permanent);
  add(1);
  EXPECT_EQ(start_by(start_child{a.as_child()}), "simple_one_for_one");
  EXPECT_EQ(start_by(restart_child{"w:1"}), "simple_one_for_one");
  EXPECT_EQ(give(delete_child{"w:1"}), "simple_one_for_one");
  EXPECT_EQ(give(terminate_child{"w:7"}), "not_found");
  EXPECT_EQ(give(terminate_child{"w:1"}), "ok");
  EXPECT_EQ(give(terminate_child{"w:1"}), "ok");
  EXPECT_EQ(counts(), "1 0 0 0");
}

TEST_F(pools, a_child_that_fails_to_start_or_is_ignored_leaves_nothing) {
  start_pool(restart_type::permanent);
  broken = true;
  EXPECT_EQ(start_by(start_pool_child{}), "start_failed");
  broken = false;
  const auto ignored = launch(start_pool_child{caf::make_message(true)});
  ASSERT_TRUE(ignored->value);
  EXPECT_EQ(ignored->value->handle, nullptr);
  EXPECT_EQ(counts(), "1 0 0 0");
}

TEST_F(pools, give_up_when_too_many_restarts_came_and_take_all_children_along) {
  start_pool(restart_type::permanent, 1);
  const auto one = add(1);
  add(2);
  tell(one, "crash");
  const auto list = ask<child_list>(world.system(), root_, which_children{});
  world.drain();
  tell(list->value->children.front().handle, "crash");
  EXPECT_THAT(recorder.story_of({event_kind::gave_up, event_kind::stopped}),
              ElementsAre("gave_up ", "stopped w:2"));
}

TEST_F(pools, keep_no_arguments_of_temporary_children) {
  const counted mark{std::make_shared<int>()};
  for (const auto type : {restart_type::temporary, restart_type::permanent}) {
    start_pool(type);
    EXPECT_EQ(start_by(start_pool_child{caf::make_message(mark)}), "w:1");
    EXPECT_EQ(mark.copies.use_count(), type == restart_type::temporary ? 1 : 2);
    caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
    root_ = nullptr;
    world.drain();
  }
}

// -- policies -------------------------------------------------------------------------------------

class policies : public supervisor_orders {};

TEST_F(policies, a_child_that_is_to_resume_keeps_its_state_and_answers_the_failed_request) {
  auto tough = a.as_child();
  tough.spec.rules = {{.category = type_text(typeid(std::runtime_error)), .then = directive::resume}};
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
  EXPECT_EQ(reason, (exit_status{exit_kind::failure, "std::runtime_error: poison", "std::runtime_error", 0}));
}

TEST_F(policies, a_failure_that_is_to_stop_the_child_stops_it_by_its_error_code) {
  auto brittle = a.as_child();
  brittle.spec.rules = {
      {.category = "system", .code = static_cast<int>(caf::sec::bad_function_call), .then = directive::stop}};
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
