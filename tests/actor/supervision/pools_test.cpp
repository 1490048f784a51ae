// SPDX-License-Identifier: BSD-3-Clause
// Goal: a simple_one_for_one supervisor of real actors is a pool, as in OTP. Method: as orders_test.
#include <gmock/gmock.h>

#include "orders_fixture.hpp"

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

class pools : public supervisor_orders {
 protected:
  void start_pool(restart_type type, std::uint32_t intensity = 100,
                  std::optional<stable_ref_options> refs = {}) {
    child made;
    made.ref_of_each = std::move(refs);
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

TEST_F(pools, children_that_are_there_restart_by_a_changed_template) {
  start_pool(restart_type::permanent);
  const auto first = add(11);
  child changed;
  changed.spec.id = "w";
  changed.start_with = [this](caf::actor_system& system, const caf::actor& supervisor, const caf::message&) {
    seen_arguments.push_back(-1);
    return start_result{system.spawn(recorder_behavior, supervisor, a.seen)};
  };
  EXPECT_EQ(give(change_supervisor{{.strategy = simple_one_for_one, .intensity = 100}, {changed}}), "ok");
  tell(first, "crash");
  EXPECT_THAT(seen_arguments, ElementsAre(11, -1));
}

TEST_F(pools, that_end_take_no_more_children) {
  start_pool(restart_type::permanent);
  add(1);
  caf::scoped_actor self{world.system()};
  auto late = self->request(root_, caf::infinite, start_pool_child{caf::make_message(2)});
  caf::anon_send<caf::message_priority::high>(
      root_, caf::exit_msg{root_.address(), caf::exit_reason::user_shutdown});  // goes ahead of it
  world.drain();
  std::string refused;
  late.receive([](const child_started&) {}, [&](const caf::error& why) { refused = words_of(why); });
  EXPECT_EQ(refused, "ending");
  root_ = nullptr;
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

TEST_F(pools, children_have_stable_references_of_their_own_if_asked_for) {
  start_pool(restart_type::permanent, 100, stable_ref_options{});
  const auto one = add(1);
  const auto two = add(2);
  ASSERT_TRUE(is_stable_ref(one));
  EXPECT_EQ(ref_stats(one).name, "w:1");
  EXPECT_NE(one, two);
  tell(one, "crash");
  EXPECT_EQ(successor_of(one, 1), 2);
  EXPECT_EQ(ref_stats(one).bindings, 2u);
  EXPECT_EQ(ref_stats(two).bindings, 1u);
}

TEST_F(pools, references_hold_while_their_child_restarts_and_no_more_than_they_may) {
  start_pool(restart_type::permanent, 100, stable_ref_options{.name = "each", .hold_max = 2});
  const auto one = add(1);
  EXPECT_EQ(ref_stats(one).name, "each");
  tell(one, "crash");
  tell(one, "crash");  // from now on restarts are delayed
  for (int number = 1; number <= 3; ++number) caf::anon_send(one, number);
  EXPECT_EQ(ref_stats(one).held, 2u);
  EXPECT_EQ(ref_stats(one).refused, 1u);
  world.advance(10s);
  EXPECT_THAT(*a.seen, ElementsAre(1, 2));
}

TEST_F(pools, a_reference_is_closed_when_its_child_or_its_pool_is_gone) {
  start_pool(restart_type::transient, 100, stable_ref_options{});
  const auto terminated = add(1);
  const auto done = add(2);
  const auto left = add(3);
  EXPECT_EQ(give(terminate_child{"w:1"}), "ok");
  EXPECT_EQ(ref_stats(terminated).state, ref_state::closed);
  tell(done, "quit");
  EXPECT_EQ(ref_stats(done).state, ref_state::closed);
  EXPECT_EQ(ref_stats(left).state, ref_state::bound);
  caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
  root_ = nullptr;
  world.drain();
  EXPECT_EQ(ref_stats(left).state, ref_state::closed);
}

TEST_F(pools, references_do_not_outlive_the_pool_that_is_restarted_by_its_parent) {
  child made;
  made.spec.id = "w";
  made.start_with = [](caf::actor_system& system, const caf::actor& supervisor,
                       const caf::message&) -> start_result {
    return system.spawn(recorder_behavior, supervisor, std::make_shared<std::vector<int>>());
  };
  made.ref_of_each = stable_ref_options{};
  start(one_for_one, {supervisor_child(below("pool", simple_one_for_one, {made}))});
  const auto list = ask<child_list>(world.system(), root_, which_children{});
  world.drain();
  const auto started =
      ask<child_started>(world.system(), list->value->children[0].handle, start_pool_child{});
  world.drain();
  const auto one = started->value->handle;
  EXPECT_EQ(ref_stats(one).name, "pool/w:1");
  EXPECT_EQ(successor_of(one, 1), 2);
  EXPECT_EQ(kill("pool").error, "");
  EXPECT_EQ(ref_stats(one).state, ref_state::closed);
}

TEST_F(pools, a_child_that_is_no_template_is_refused_such_references) {
  auto made = a.as_child();
  made.ref_of_each = stable_ref_options{};
  supervisor_flags flags;
  EXPECT_THAT(validate(flags, std::vector{made}), HasSubstr("expected `ref`"));
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

}  // namespace
}  // namespace bulwark
