// SPDX-License-Identifier: BSD-3-Clause
// Goal: broadcast is answered when all have answered, scatter_gather_first by the first good answer.
// Method: workers that hold the requests, answered one by one.
#include "routing_fixture.hpp"

namespace bulwark {
namespace {

class router_fan_out_test : public routing_fixture {
 protected:
  void fan(routing_kind kind, int count = 3) {
    router_options options;
    options.policy = {kind};
    make(options, count);
  }
  void fail(std::size_t which) {
    caf::anon_send(log->held[which].first, caf::get_atom_v, static_cast<std::uint32_t>(which));
    world.drain();
  }
};

TEST_F(router_fan_out_test, a_message_goes_to_all) {
  for (const auto kind : {routing_kind::broadcast, routing_kind::scatter_gather_first}) {
    log->handled.clear();
    fan(kind);
    caf::anon_send(router, 7);
    world.drain();
    EXPECT_THAT(log->handled, testing::ElementsAre(7, 7, 7));
    EXPECT_EQ(counts().done, 3u);
  }
}

TEST_F(router_fan_out_test, to_plain_actors_it_is_done_when_they_have_acknowledged) {
  make({.policy = {routing_kind::broadcast}}, 2, true);
  caf::anon_send(router, 7);
  EXPECT_EQ(counts().in_flight, 2);
  world.drain();
  EXPECT_EQ(counts().done, 2u);
}

TEST_F(router_fan_out_test, broadcast_waits_for_the_last_answer) {
  fan(routing_kind::broadcast);
  const auto reply = ask<float>(1.0f);
  world.drain();
  answer(1, 1.0f);
  answer(0, 2.0f);
  EXPECT_EQ(outcome(reply), "pending");
  answer(2, 3.0f);
  EXPECT_EQ(reply->value, 3.0f);
}

TEST_F(router_fan_out_test, broadcast_fails_if_one_did) {
  fan(routing_kind::broadcast);
  const auto reply = ask<float>(1.0f);
  world.drain();
  answer(1, 1.0f);
  kill_now(workers[0]);
  world.drain();
  EXPECT_EQ(outcome(reply), "pending");
  answer(2, 3.0f);
  EXPECT_EQ(outcome(reply), "request_receiver_down");
  EXPECT_EQ(counts().failed, 1u);
  EXPECT_EQ(counts().done, 2u);
}

TEST_F(router_fan_out_test, the_first_good_answer_wins) {
  fan(routing_kind::scatter_gather_first);
  const auto reply = ask<float>(1.0f);
  world.drain();
  fail(0);
  EXPECT_EQ(outcome(reply), "pending");
  answer(2, 3.0f);
  EXPECT_EQ(reply->value, 3.0f);
  answer(1, 1.0f);
  EXPECT_EQ(counts().done, 2u);
  EXPECT_EQ(counts().failed, 1u);
}

TEST_F(router_fan_out_test, only_if_all_failed_there_is_an_error) {
  fan(routing_kind::scatter_gather_first, 2);
  const auto reply = ask<float>(1.0f);
  world.drain();
  fail(0);
  EXPECT_EQ(outcome(reply), "pending");
  kill_now(workers[1]);
  world.drain();
  EXPECT_EQ(outcome(reply), "runtime_error") << "the first error";
  const auto nobody = [&] {
    kill_now(workers[0]);
    world.drain();
    return ask<float>(1.0f);
  }();
  world.drain();
  EXPECT_EQ(outcome(nobody), "no_worker");
  EXPECT_EQ(counts().rejected, 1u);
}

}  // namespace
}  // namespace bulwark
