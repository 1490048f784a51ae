// SPDX-License-Identifier: BSD-3-Clause
// Goal: what becomes of messages when the incarnation that has them ends is what the mail policy says, and
// every request is answered. Method: supervised workers under virtual time, mailboxes filled before a crash;
// clients on many threads in a real system.
#include <gmock/gmock.h>

#include <thread>

#include "orders_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using namespace testkit;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using enum restart_strategy;

class mail : public supervisor_orders {
 protected:
  void serve(const mail_policy& policy) {
    auto one = a.as_child();
    one.spec.mail = policy;
    start(one_for_one, {one});
    recorder.clear();
  }

  /// Waits in the mailbox of the worker, as nothing runs yet.
  void post(int number) { caf::anon_send(a.ref, number); }
  /// The client has its turn before the worker: its request waits behind everything posted by then.
  auto request_behind() { return ask<std::int64_t>(world.system(), a.ref, std::int64_t{1}); }
  void post(const char* order) { caf::anon_send(a.ref, std::string{order}); }
};

TEST_F(mail, waiting_behind_a_crash_is_lost_and_requests_hear_that_they_were_not_handled) {
  serve({});
  const auto waiting = request_behind();
  post("crash");
  post(1);
  world.drain();
  ASSERT_TRUE(waiting->error);
  EXPECT_EQ(*waiting->error, service_error::not_handled);
  EXPECT_THAT(*a.seen, IsEmpty());
  EXPECT_EQ(ref_stats(a.ref).lost, 2u);
}

TEST_F(mail, carried_over_is_handled_by_the_next_incarnation_in_order_and_ahead_of_what_came_later) {
  serve({.carry_over = true});
  const auto waiting = request_behind();
  post(1);
  post("crash");
  post(2);
  post(3);
  world.drain();
  post(4);
  world.advance(10s);
  EXPECT_THAT(*a.seen, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(waiting->value, 2);
  EXPECT_EQ(ref_stats(a.ref).bindings, 2u);
  EXPECT_EQ(ref_stats(a.ref).lost, 0u);
}

TEST_F(mail, carried_over_stays_within_the_bound_of_the_reference) {
  a.ref = make_stable_ref(world.system(), {"a", 2});
  serve({.carry_over = true});
  post("crash");
  for (int number = 1; number <= 3; ++number) post(number);
  const auto beyond = ask<std::int64_t>(world.system(), a.ref, std::int64_t{1});
  world.advance(10s);
  EXPECT_THAT(*a.seen, ElementsAre(1, 2));
  ASSERT_TRUE(beyond->error);
  EXPECT_EQ(*beyond->error, service_error::overloaded);
}

TEST_F(mail, carried_over_survives_a_restart_that_a_sibling_brought_about) {
  auto one = a.as_child();
  one.spec.mail.carry_over = true;
  start(one_for_all, {one, b.as_child()});
  caf::anon_send(b.ref, std::string{"crash"});
  post(1);
  world.advance(10s);
  EXPECT_THAT(*a.seen, ElementsAre(1));
  EXPECT_EQ(ref_stats(a.ref).bindings, 2u);
}

TEST_F(mail, of_a_child_that_never_comes_back_is_refused) {
  auto one = with(a, restart_type::temporary);
  one.spec.mail.carry_over = true;
  start(one_for_one, {one});
  const auto waiting = request_behind();
  post("crash");
  world.drain();
  ASSERT_TRUE(waiting->error);
  EXPECT_EQ(*waiting->error, caf::sec::request_receiver_down);
}

TEST_F(mail, that_crashes_its_service_again_and_again_becomes_a_dead_letter) {
  serve({.carry_over = true, .crashes_max = 3});
  post("crash");
  post(1);
  world.advance(1min);
  EXPECT_THAT(*a.seen, ElementsAre(1));
  EXPECT_THAT(recorder.story_of({event_kind::exited, event_kind::quarantined}),
              ElementsAre("exited a", "exited a", "quarantined a", "exited a"));
  const auto letters = dead_letters(a.ref);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].number, 1u);
  EXPECT_EQ(letters[0].crashes, 3u);
  EXPECT_EQ(letters[0].reason, "std::runtime_error: poison");
  EXPECT_EQ(letters[0].what.get_as<std::string>(0), "crash");
}

TEST_F(mail, that_was_set_aside_is_told_once) {
  serve({.crashes_max = 1});
  post("crash");
  world.drain();
  EXPECT_EQ(recorder.count(event_kind::quarantined, "a"), 1u);
  tell(a.ref, "fail");  // no message is to blame
  EXPECT_EQ(recorder.count(event_kind::quarantined, "a"), 1u);
}

TEST_F(mail, that_is_urgent_is_carried_over_as_well) {
  serve({.carry_over = true});
  caf::anon_send<caf::message_priority::high>(a.ref, std::string{"crash"});
  caf::anon_send<caf::message_priority::high>(a.ref, 7);
  world.drain();
  EXPECT_THAT(*a.seen, ElementsAre(7));
}

TEST_F(mail, that_crashes_its_service_is_answered_once_when_it_is_set_aside) {
  serve({.crashes_max = 3});
  const auto poison = ask<int>(world.system(), a.ref, std::string{"crash"});
  world.drain();
  EXPECT_TRUE(poison->pending()) << "it is to be handled again";
  world.advance(1min);
  ASSERT_TRUE(poison->error);
  EXPECT_EQ(error_text(*poison->error), "std::runtime_error: poison");
  EXPECT_THAT(dead_letters(a.ref), SizeIs(1));
}

TEST_F(mail, that_failed_for_a_reason_that_has_passed_is_handled_by_the_next_incarnation) {
  bool flaky = true;
  auto one = a.as_child();
  one.spec.mail.crashes_max = 3;
  one.start = [&flaky](caf::actor_system& system, const caf::actor&) -> caf::actor {
    return system.spawn(
        [](service_actor*, bool* fails) -> caf::behavior {
          return {[fails](std::int64_t number) {
            if (std::exchange(*fails, false)) throw std::runtime_error{"no database"};
            return number + 1;
          }};
        },
        &flaky);
  };
  start(one_for_one, {one});
  const auto reply = ask<std::int64_t>(world.system(), a.ref, std::int64_t{1});
  world.advance(1min);
  EXPECT_EQ(reply->value, 2);
  EXPECT_THAT(dead_letters(a.ref), IsEmpty());
}

TEST_F(mail, that_is_tried_again_is_handled_ahead_of_what_waited_behind_it) {
  bool flaky = true;
  auto one = a.as_child();
  one.spec.mail = {.carry_over = true, .crashes_max = 3};
  one.start = [&flaky, seen = a.seen](caf::actor_system& system, const caf::actor&) -> caf::actor {
    return system.spawn(
        [](service_actor*, bool* fails, log_of_numbers into) -> caf::behavior {
          return {[=](int number) {
            if (std::exchange(*fails, false)) throw std::runtime_error{"no database"};
            into->push_back(number);
          }};
        },
        &flaky, seen);
  };
  start(one_for_one, {one});
  for (const int number : {1, 2, 3}) post(number);
  world.advance(1min);
  EXPECT_THAT(*a.seen, ElementsAre(1, 2, 3));
}

TEST_F(mail, a_dead_letter_can_be_sent_again_and_discarded) {
  serve({.crashes_max = 1, .dead_letters_max = 2});
  for (int i = 0; i < 3; ++i) {
    post("crash");
    world.advance(1min);
  }
  auto letters = dead_letters(a.ref);
  ASSERT_THAT(letters, SizeIs(2)) << "the oldest goes when there are too many";
  EXPECT_EQ(letters[0].number, 2u);
  EXPECT_FALSE(resend_dead_letter(a.ref, 1));
  EXPECT_TRUE(discard_dead_letter(a.ref, 2));
  EXPECT_TRUE(resend_dead_letter(a.ref, 3));
  EXPECT_THAT(dead_letters(a.ref), IsEmpty());
  world.advance(1min);
  letters = dead_letters(a.ref);
  ASSERT_THAT(letters, SizeIs(1)) << "it was sent again, and crashed again";
  EXPECT_EQ(letters[0].number, 4u);
}

TEST_F(mail, an_incarnation_that_was_given_up_leaves_nothing_to_its_successor) {
  auto first = world.system().spawn(recorder_behavior, caf::actor{}, a.seen);
  auto second = world.system().spawn(recorder_behavior, caf::actor{}, a.seen);
  world.drain();
  bind(a.ref, first, {.carry_over = true});
  post(1);
  bind(a.ref, second, {.carry_over = true});
  post(2);
  kill_now(first);
  world.drain();
  EXPECT_THAT(*a.seen, ElementsAre(2));
  kill_now(second);
  world.drain();
}

TEST(mail_threads, a_request_through_a_reference_is_handled_or_hears_why_while_incarnations_crash) {
  caf::actor_system_config config;
  add_actors_messages(config);
  add_supervision_messages(config);
  caf::actor_system system{config};
  const test_worker worker{system, "w"};
  supervisor_options options;
  options.flags.intensity = supervisor_flags::unlimited;
  options.children.push_back(worker.as_child());
  options.children.front().spec.mail.carry_over = true;
  options.children.front().spec.delays = {.initial = 1us, .max = 1us};
  auto root = spawn_supervisor(system, std::move(options));
  std::atomic<int> answered{0}, other{0};
  {
    std::vector<std::jthread> threads;
    for (int who = 0; who < 3; ++who)
      threads.emplace_back([&] {
        caf::scoped_actor self{system};
        for (int i = 0; i < 500; ++i) {
          if (i % 10 == 0) caf::anon_send(worker.ref, std::string{"crash"});
          self->request(worker.ref, 30s, std::int64_t{1})
              .receive([&](std::int64_t) { ++answered; }, [&](caf::error&) { ++other; });
        }
      });
  }
  EXPECT_EQ(answered, 1500);
  EXPECT_EQ(other, 0) << "with carry_over no request is lost to a crash";
  EXPECT_GT(ref_stats(worker.ref).bindings, 10u);
  caf::anon_send_exit(root, caf::exit_reason::user_shutdown);
}

}  // namespace
}  // namespace bulwark
