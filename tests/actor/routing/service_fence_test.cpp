// SPDX-License-Identifier: BSD-3-Clause
// Goal: what comes to a fence reaches the actor behind it, or is refused once that must not serve any more,
// and the end of either is told. Method: fences before actors under CAF's test scheduler.
#include "bulwark/actors/service_fence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bulwark/testkit/probe.hpp"
#include "routing_fixture.hpp"

namespace bulwark {
namespace {

class service_fence_test : public routing_fixture {
 protected:
  service_fence_test() {
    workers.push_back(world.system().spawn(routed_worker<service_actor>, log));
    fence = make_service_fence(world.system(), workers.back());
  }
  ~service_fence_test() override { end_fence(fence); }

  auto ask_fence(std::int64_t number) {
    auto asked = testkit::ask<std::int64_t>(world.system(), fence, number);
    world.drain();
    return asked;
  }
  void tell_fence(int number) {
    caf::anon_send(fence, number);
    world.drain();
  }
  [[nodiscard]] bool has_ended(const caf::actor& whom) const {
    return caf::actor_cast<caf::abstract_actor*>(whom)->getf(caf::abstract_actor::is_terminated_flag);
  }

  caf::actor fence;
};

TEST_F(service_fence_test, what_comes_passes_and_the_actor_answers) {
  EXPECT_EQ(outcome(ask_fence(1)), "value");
  EXPECT_EQ(outcome(ask_fence(13)), error_text(caf::make_error(caf::pec::unexpected_character)));
  tell_fence(5);
  EXPECT_THAT(log->handled, testing::ElementsAre(5));
  EXPECT_EQ(refused_by(fence), 0u);
}

TEST_F(service_fence_test, fenced_off_it_refuses_requests_and_drops_the_rest_and_counts_both) {
  fence_off(fence);
  EXPECT_EQ(outcome(ask_fence(1)), "fenced");
  tell_fence(5);
  EXPECT_THAT(log->handled, testing::IsEmpty());
  EXPECT_EQ(refused_by(fence), 2u);
}

TEST_F(service_fence_test, what_the_actor_had_before_is_handled) {
  caf::anon_send(fence, 5);
  fence_off(fence);
  world.drain();
  EXPECT_THAT(log->handled, testing::ElementsAre(5));
}

TEST_F(service_fence_test, an_exit_message_acts_on_the_actor_only_while_it_is_open) {
  fence_off(fence);
  caf::anon_send_exit(fence, caf::exit_reason::user_shutdown);
  world.drain();
  EXPECT_FALSE(has_ended(workers.back()));
  EXPECT_EQ(refused_by(fence), 0u);
  const auto open = make_service_fence(world.system(), workers.back());
  caf::anon_send_exit(open, caf::exit_reason::user_shutdown);
  world.drain();
  EXPECT_TRUE(has_ended(workers.back()));
}

TEST_F(service_fence_test, the_end_of_the_actor_ends_it_with_the_same_reason) {
  testkit::probe watcher{world};
  watcher.watch(fence);
  world.drain();
  kill_now(workers.back());
  world.drain();
  EXPECT_EQ(watcher.expect_down(fence), caf::make_error(caf::exit_reason::kill));
  EXPECT_EQ(outcome(ask_fence(1)), error_text(caf::make_error(caf::sec::request_receiver_down)));
}

TEST_F(service_fence_test, an_actor_that_has_ended_already_ends_it_at_once) {
  kill_now(workers.back());
  world.drain();
  fence = make_service_fence(world.system(), workers.back());
  EXPECT_TRUE(has_ended(fence));
}

TEST_F(service_fence_test, ended_it_tells_who_watches_and_stays_so) {
  testkit::probe watcher{world};
  watcher.watch(fence);
  world.drain();
  end_fence(fence);
  EXPECT_EQ(watcher.expect_down(fence), caf::make_error(caf::exit_reason::unreachable));
  fence_off(fence);
  EXPECT_EQ(outcome(ask_fence(1)), error_text(caf::make_error(caf::sec::request_receiver_down)));
  EXPECT_FALSE(has_ended(workers.back()));
}

TEST_F(service_fence_test, fenced_off_it_does_not_keep_the_actor) {
  const auto weak = workers.back().address();
  workers.clear();
  world.drain();
  EXPECT_EQ(outcome(ask_fence(1)), "value") << "the fence alone keeps it";
  fence_off(fence);
  world.drain();
  EXPECT_FALSE(caf::actor_cast<caf::actor>(weak));
}

}  // namespace
}  // namespace bulwark
