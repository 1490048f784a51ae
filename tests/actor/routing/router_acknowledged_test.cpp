// SPDX-License-Identifier: BSD-3-Clause
// Goal: at least once, no message is lost to the end of a worker; poison does not go round for ever.
// Method: workers that are killed or crash with messages in their mailboxes; a log of deliveries.
#include <set>

#include "bulwark/actors/service_fence.hpp"
#include "routing_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class router_acknowledged_test : public routing_fixture {
 protected:
  static router_options acknowledged() {
    router_options options;
    options.delivery = delivery_mode::at_least_once;
    return options;
  }
};

TEST_F(router_acknowledged_test, what_a_dead_worker_had_goes_to_another_one) {
  make(acknowledged(), 2);
  for (int i = 0; i < 10; ++i) caf::anon_send(router, i);
  const auto reply = ask<std::int64_t>(std::int64_t{41});
  kill_now(workers[0]);
  world.drain();
  EXPECT_EQ(std::set<int>(log->handled.begin(), log->handled.end()).size(), 10u);
  EXPECT_EQ(reply->value, 42);
  EXPECT_EQ(counts().done, 11u);
  EXPECT_EQ(counts().failed, 0u);
  EXPECT_EQ(counts().redelivered, 5u);
}

TEST_F(router_acknowledged_test, what_a_worker_was_fenced_off_from_goes_to_another_one) {
  make(acknowledged(), 1);
  const auto fence = make_service_fence(world.system(), workers[0]);
  remove_worker(router, workers[0]);
  add_worker(router, fence);
  fence_off(fence);
  const auto reply = ask<std::int64_t>(std::int64_t{41});
  join();
  world.drain();
  remove_worker(router, fence);
  world.drain();
  EXPECT_EQ(reply->value, 42);
  EXPECT_GE(counts().redelivered, 1u);
}

TEST_F(router_acknowledged_test, with_nobody_left_it_waits_for_the_next_worker) {
  make(acknowledged(), 1);
  caf::anon_send(router, 1);
  kill_now(workers[0]);
  world.drain();
  EXPECT_EQ(counts().waiting, 1u);
  EXPECT_TRUE(counts().add_up());
  join();
  world.drain();
  EXPECT_THAT(log->handled, ElementsAre(1));
  EXPECT_EQ(counts().done, 1u);
}

TEST_F(router_acknowledged_test, if_none_comes_it_fails_in_time_and_is_told) {
  make(acknowledged(), 1);
  const auto reply = ask<float>(1.0f);
  world.drain();
  kill_now(workers[0]);
  world.drain();
  EXPECT_EQ(outcome(reply), "pending");
  world.advance(1s);
  EXPECT_EQ(outcome(reply), "expired");
  EXPECT_EQ(counts().failed, 1u);
  EXPECT_EQ(counts().rejected, 0u);
}

TEST_F(router_acknowledged_test, poison_ends_at_the_cap) {
  make(acknowledged(), 5);
  const auto reply = ask<caf::unit_t>(-1);
  world.drain();
  EXPECT_EQ(outcome(reply), "std::runtime_error: poison") << "a worker that answers has acknowledged";
  for (int i = 0; i < 3; ++i) join();
  const auto held = ask<float>(1.0f);
  for (int i = 0; i < 3; ++i) {
    world.drain();
    ASSERT_EQ(outcome(held), "pending") << i;
    for (const auto& one : worker_loads(router))
      if (one.in_flight > 0) kill_now(one.worker);
  }
  world.drain();
  EXPECT_EQ(outcome(held), "poisoned");
  EXPECT_EQ(log->held.size(), 3u) << "three attempts";
}

TEST_F(router_acknowledged_test, a_message_keeps_its_number_when_it_comes_again) {
  make(acknowledged(), 1);
  caf::anon_send(router, 1);
  caf::anon_send(router, 2);
  world.drain();
  ASSERT_EQ(log->deliveries.size(), 2u);
  EXPECT_NE(log->deliveries[0], log->deliveries[1]);
  EXPECT_NE(log->deliveries[0].number, 0u);

  // One that is handled, and whose worker dies before the acknowledgement gets out.
  const auto first = world.system().spawn(
      [](service_actor* self, shared_work seen) -> caf::behavior {
        return {[self, seen](int) {
          seen->deliveries.push_back(delivery_of(*self));
          self->quit(caf::exit_reason::kill);
          return self->make_response_promise<caf::unit_t>();
        }};
      },
      log);
  remove_worker(router, workers[0]);
  add_worker(router, first);
  caf::anon_send(router, 3);
  world.drain();
  add_worker(router, workers[0]);
  world.drain();
  ASSERT_EQ(log->deliveries.size(), 4u);
  EXPECT_EQ(log->deliveries[2], log->deliveries[3]);
  delivery_log known;
  EXPECT_TRUE(known.first_time(log->deliveries[2]));
  EXPECT_FALSE(known.first_time(log->deliveries[3]));
}

TEST_F(router_acknowledged_test, a_late_word_of_a_dead_worker_is_not_taken_for_that_of_the_next) {
  make(acknowledged(), 2);
  const auto reply = ask<float>(1.0f);
  world.drain();
  kill_now(log->held.at(0).first);
  world.drain();
  ASSERT_EQ(log->held.size(), 2u);
  log->held[0].second.deliver(1.0f);
  world.drain();
  EXPECT_EQ(outcome(reply), "pending");
  answer(1, 2.0f);
  EXPECT_EQ(reply->value, 2.0f);
  EXPECT_EQ(counts().done, 1u);
}

TEST_F(router_acknowledged_test, each_attempt_has_the_whole_time_to_answer) {
  auto options = acknowledged();
  options.answer_limit = 5s;
  make(options, 2);
  const auto reply = ask<float>(1.0f);
  world.advance(3s);
  kill_now(log->held.at(0).first);
  world.advance(4s);
  EXPECT_EQ(outcome(reply), "pending");
  answer(1, 2.0f);
  EXPECT_EQ(reply->value, 2.0f);
}

TEST_F(router_acknowledged_test, time_out_is_no_reason_to_try_again) {
  auto options = acknowledged();
  options.answer_limit = 5s;
  make(options, 2);
  const auto reply = ask<float>(1.0f);
  world.advance(5s);
  EXPECT_EQ(outcome(reply), "request_timeout") << "it may still be at work";
  EXPECT_EQ(counts().redelivered, 0u);
}

}  // namespace
}  // namespace bulwark
