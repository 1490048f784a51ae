// SPDX-License-Identifier: BSD-3-Clause
// Goal: a gate answers for a remote actor: with what that says, or with an error once it is shut, the actor
// has ended, the gate is full or time is up. Method: gates before actors of the same process, which makes no
// difference to them, under CAF's test scheduler and in virtual time.
#include "bulwark/actors/remote_gate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bulwark/testkit/probe.hpp"
#include "routing_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

class remote_gate_test : public routing_fixture {
 protected:
  void stand_before_worker(remote_gate_options options = {}) {
    workers.push_back(world.system().spawn(routed_worker<service_actor>, log));
    gate = make_remote_gate(world.system(), workers.back(), options);
  }
  ~remote_gate_test() override { shut(gate); }

  template <class Answer, class Word>
  auto ask_gate(Word word) {
    auto asked = testkit::ask<Answer>(world.system(), gate, word);
    world.drain();
    return asked;
  }

  caf::actor gate;
};

TEST_F(remote_gate_test, answers_and_errors_of_the_actor_pass) {
  stand_before_worker();
  EXPECT_EQ(outcome(ask_gate<std::int64_t>(std::int64_t{1})), "value");
  EXPECT_EQ(outcome(ask_gate<std::int64_t>(std::int64_t{13})),
            error_text(caf::make_error(caf::pec::unexpected_character)));
  EXPECT_EQ(requests_in_flight(gate), 0u);
}

TEST_F(remote_gate_test, other_messages_pass_as_they_are) {
  stand_before_worker();
  caf::anon_send(gate, 5);
  world.drain();
  EXPECT_THAT(log->handled, testing::ElementsAre(5));
  EXPECT_EQ(requests_in_flight(gate), 0u);
}

TEST_F(remote_gate_test, its_end_is_told_to_those_who_watch) {
  stand_before_worker();
  testkit::probe watcher{world};
  watcher.watch(gate);
  world.drain();
  shut(gate);
  EXPECT_EQ(watcher.expect_down(gate), caf::make_error(caf::exit_reason::remote_link_unreachable));
}

TEST_F(remote_gate_test, shut_it_fails_what_is_under_way_and_refuses_what_comes) {
  stand_before_worker();
  const auto under_way = ask_gate<float>(1.0f);
  EXPECT_EQ(outcome(under_way), "pending");
  EXPECT_EQ(requests_in_flight(gate), 1u);
  shut(gate);
  world.drain();
  const auto down = error_text(caf::make_error(caf::sec::request_receiver_down));
  EXPECT_EQ(outcome(under_way), down);
  EXPECT_EQ(outcome(ask_gate<float>(1.0f)), down);
  answer(0);
  EXPECT_EQ(outcome(under_way), down) << "an answer that comes late is nobody's";
}

TEST_F(remote_gate_test, the_end_of_the_actor_shuts_it) {
  stand_before_worker();
  const auto under_way = ask_gate<float>(1.0f);
  kill_now(workers.back());
  world.drain();
  EXPECT_EQ(outcome(under_way), error_text(caf::make_error(caf::sec::request_receiver_down)));
  EXPECT_EQ(requests_in_flight(gate), 0u);
}

TEST_F(remote_gate_test, an_actor_that_has_ended_already_shuts_it_at_once) {
  workers.push_back(world.system().spawn(routed_worker<service_actor>, log));
  kill_now(workers.back());
  world.drain();
  gate = make_remote_gate(world.system(), workers.back());
  EXPECT_EQ(outcome(ask_gate<float>(1.0f)), error_text(caf::make_error(caf::sec::request_receiver_down)));
}

TEST_F(remote_gate_test, requests_over_its_bound_are_refused) {
  stand_before_worker({.in_flight_max = 2});
  const auto first = ask_gate<float>(1.0f);
  const auto second = ask_gate<float>(2.0f);
  EXPECT_EQ(outcome(ask_gate<float>(3.0f)), error_text(service_error::overloaded));
  answer(0);
  EXPECT_EQ(outcome(first), "value");
  EXPECT_EQ(outcome(second), "pending");
  EXPECT_EQ(outcome(ask_gate<float>(4.0f)), "pending") << "there is room again";
  shut(gate);
  world.drain();
}

TEST_F(remote_gate_test, other_messages_pass_a_full_gate) {
  stand_before_worker({.in_flight_max = 1});
  EXPECT_EQ(outcome(ask_gate<float>(1.0f)), "pending");
  caf::anon_send(gate, 5);
  world.drain();
  EXPECT_THAT(log->handled, testing::ElementsAre(5));
}

TEST_F(remote_gate_test, an_urgent_request_is_passed_as_a_normal_one) {
  auto urgent = std::make_shared<std::vector<bool>>();
  workers.push_back(world.system().spawn(
      [](caf::event_based_actor* self, std::shared_ptr<std::vector<bool>> seen) -> caf::behavior {
        return {[self, seen](std::int64_t number) {
          const auto category = self->current_mailbox_element()->mid.category();
          seen->push_back(category == caf::message_id::urgent_message_category);
          return number + 1;
        }};
      },
      urgent));
  gate = make_remote_gate(world.system(), workers.back());
  auto answer = std::make_shared<std::int64_t>(0);
  world.system().spawn(
      [to = gate](caf::event_based_actor* self, std::shared_ptr<std::int64_t> into) {
        self->request<caf::message_priority::high>(to, caf::infinite, std::int64_t{1})
            .then([into](std::int64_t number) { *into = number; });
      },
      answer);
  world.drain();
  EXPECT_THAT(*urgent, testing::ElementsAre(false));
  EXPECT_EQ(*answer, 2);
}

TEST_F(remote_gate_test, an_answer_goes_through_all_whom_the_request_is_to_pass) {
  stand_before_worker();
  workers.push_back(world.system().spawn(routed_worker<service_actor>, log));
  const auto both = workers.back() * gate;
  const auto asked = testkit::ask<std::int64_t>(world.system(), both, std::int64_t{1});
  world.drain();
  EXPECT_EQ(asked->value, 3);
  EXPECT_EQ(requests_in_flight(gate), 0u) << "it comes by the gate";
}

TEST_F(remote_gate_test, requests_whose_time_is_up_are_answered_so) {
  stand_before_worker({.answer_limit = 10s});
  const auto early = ask_gate<float>(1.0f);
  const auto begin = world.system().clock().now();
  expire_requests(gate, begin + 9s);
  world.drain();
  EXPECT_EQ(outcome(early), "pending");
  expire_requests(gate, begin + 10s);
  world.drain();
  EXPECT_EQ(outcome(early), error_text(caf::make_error(caf::sec::request_timeout)));
  answer(0);
  EXPECT_EQ(requests_in_flight(gate), 0u);
}

}  // namespace
}  // namespace bulwark
