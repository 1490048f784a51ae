// SPDX-License-Identifier: BSD-3-Clause
// Goal: what kills an actor of CAF 0.17 by accident does not kill a service actor, and its depth is exact.
// Method: each accident once, in a deterministic system.
#include "bulwark/actors/service_actor.hpp"

#include <gmock/gmock.h>

#include "bulwark/testkit/deterministic_system.hpp"
#include "bulwark/testkit/reply.hpp"
#include "workers.hpp"

namespace bulwark {
namespace {

using namespace testkit;

class service_actor_test : public testing::Test {
 protected:
  ~service_actor_test() override {
    kill_now(worker);
    world.drain();
  }

  bool alive() {
    const auto reply = ask<std::int64_t>(world.system(), worker, std::int64_t{1});
    world.drain();
    return reply->value == 2;
  }

  deterministic_system world;
  log_of_numbers seen = std::make_shared<std::vector<int>>();
  caf::actor worker = world.system().spawn(recorder_behavior, caf::actor{}, seen);
};

TEST_F(service_actor_test, survives_messages_it_does_not_know_and_refuses_requests_of_them) {
  caf::anon_send(worker, 1.0f, 2, true);
  const auto refused = ask<int>(world.system(), worker, true);
  world.drain();
  ASSERT_TRUE(refused->error);
  EXPECT_EQ(*refused->error, caf::sec::unexpected_message);
  EXPECT_TRUE(alive());
}

TEST_F(service_actor_test, survives_an_error_that_comes_as_a_message) {
  caf::anon_send(worker, caf::make_error(caf::sec::bad_function_call));
  world.drain();
  EXPECT_TRUE(alive());
}

TEST_F(service_actor_test, counts_what_waits_and_forgets_what_was_handled) {
  world.drain();
  for (int i = 0; i < 10; ++i) caf::anon_send(worker, i);
  EXPECT_EQ(gauge_of(worker)->depth(), 10);
  world.drain();
  EXPECT_EQ(gauge_of(worker)->depth(), 0);
}

TEST_F(service_actor_test, counts_what_it_leaves_for_later_as_waiting) {
  const auto patient = world.system().spawn(
      [](service_actor* self, bool) -> caf::behavior {
        self->set_default_handler(caf::skip);
        return {[](int) {}};
      },
      true);
  world.drain();
  caf::anon_send(patient, true);
  caf::anon_send(patient, 1);
  world.drain();
  EXPECT_EQ(gauge_of(patient)->depth(), 1);
  kill_now(patient);
}

TEST(describe_exit, tells_the_ways_to_end_apart) {
  EXPECT_EQ(describe_exit({}), (exit_status{exit_kind::normal, "normal"}));
  EXPECT_EQ(describe_exit(caf::exit_reason::user_shutdown),
            (exit_status{exit_kind::shutdown, "user_shutdown"}));
  EXPECT_EQ(describe_exit(caf::exit_reason::kill), (exit_status{exit_kind::killed, "kill"}));
  EXPECT_EQ(describe_exit(caf::make_error(caf::sec::runtime_error, std::string{"poison"})),
            (exit_status{exit_kind::failure, "runtime_error: poison", "system",
                         static_cast<int>(caf::sec::runtime_error)}));
  EXPECT_EQ(describe_exit(caf::error{7, caf::atom("mine")}),
            (exit_status{exit_kind::failure, "mine error 7", "mine", 7}));
}

}  // namespace
}  // namespace bulwark
