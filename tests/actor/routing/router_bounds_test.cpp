// SPDX-License-Identifier: BSD-3-Clause
// Goal: no worker has more than its bound in flight; what is over it is refused, waits or gives way, as told.
// Method: workers that hold requests until the test answers them; virtual time.
#include <algorithm>

#include "routing_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class router_bounds_test : public routing_fixture {
 protected:
  void bounded(when_full rule, std::size_t waiting_max = 2, int count = 1) {
    router_options options;
    options.rules.bounds = {.per_worker = 1, .rule = rule, .waiting_max = waiting_max, .waiting_limit = 10s};
    options.rank_of = [](const caf::message& content) -> message_rank {
      return content.match_elements<int>() && content.get_as<int>(0) >= 100 ? 3 : 1;
    };
    make(options, count);
    for (int i = 0; i < count; ++i) (void)ask<float>(1.0f);
    world.drain();
  }

  /// The worker answers one held request, so that it has room for one more.
  void make_room() { answer(answered_++); }

 private:
  std::size_t answered_ = 0;
};

TEST_F(router_bounds_test, reject_refuses_at_once) {
  bounded(when_full::reject);
  const auto reply = ask<std::int64_t>(std::int64_t{1});
  caf::anon_send(router, 1);
  world.drain();
  EXPECT_EQ(outcome(reply), "overloaded");
  EXPECT_EQ(counts().rejected, 2u);
  EXPECT_THAT(in_flight(), ElementsAre(1));
}

TEST_F(router_bounds_test, blocked_messages_go_on_in_order_when_there_is_room) {
  bounded(when_full::block);
  for (const int number : {1, 2, 3}) caf::anon_send(router, number);
  world.drain();
  EXPECT_EQ(counts().waiting, 2u);
  EXPECT_EQ(counts().rejected, 1u) << "the line is full";
  make_room();
  world.drain();
  EXPECT_THAT(log->handled, ElementsAre(1, 2));
}

TEST_F(router_bounds_test, who_waits_too_long_is_told) {
  bounded(when_full::block);
  const auto reply = ask<std::int64_t>(std::int64_t{1});
  world.advance(9s);
  EXPECT_EQ(outcome(reply), "pending");
  world.advance(1s);
  EXPECT_EQ(outcome(reply), "expired");
  EXPECT_EQ(counts().rejected, 1u);
}

TEST_F(router_bounds_test, the_oldest_gives_way) {
  bounded(when_full::drop_oldest);
  const auto oldest = ask<std::int64_t>(std::int64_t{1});
  world.drain();
  for (const int number : {2, 3}) caf::anon_send(router, number);
  world.drain();
  EXPECT_EQ(outcome(oldest), "overloaded");
  make_room();
  world.drain();
  EXPECT_THAT(log->handled, ElementsAre(2, 3));
}

TEST_F(router_bounds_test, the_least_important_is_shed_and_the_most_important_goes_first) {
  bounded(when_full::shed_by_priority);
  for (const int number : {1, 2, 3, 100}) caf::anon_send(router, number);
  make_room();
  world.drain();
  EXPECT_THAT(log->handled, ElementsAre(100, 1));
  EXPECT_EQ(counts().rejected, 2u);
}

TEST_F(router_bounds_test, a_worker_that_comes_takes_what_waits) {
  bounded(when_full::block);
  caf::anon_send(router, 7);
  world.drain();
  EXPECT_TRUE(log->handled.empty());
  join();
  world.drain();
  EXPECT_THAT(log->handled, ElementsAre(7));
}

TEST_F(router_bounds_test, without_workers_messages_wait_if_they_may) {
  bounded(when_full::block);
  kill_now(workers[0]);
  world.drain();
  caf::anon_send(router, 7);
  world.drain();
  EXPECT_EQ(counts().waiting, 1u);
  join();
  world.drain();
  EXPECT_THAT(log->handled, ElementsAre(7));
}

TEST_F(router_bounds_test, a_draining_worker_gets_nothing_until_it_is_undrained) {
  bounded(when_full::block, 2, 2);
  drain_worker(router, workers[0]);
  make_room();  // of both
  make_room();
  caf::anon_send(router, 1);
  caf::anon_send(router, 2);
  world.drain();
  for (const auto& one : worker_loads(router))
    EXPECT_EQ(one.done, one.worker == workers[0] ? 1u : 3u) << one.draining;
  drain_worker(router, workers[0], false);
  const auto a = ask<float>(1.0f), b = ask<float>(1.0f);
  world.drain();
  EXPECT_THAT(in_flight(), ElementsAre(1, 1));
}

TEST_F(router_bounds_test, an_undrained_worker_takes_what_waits) {
  bounded(when_full::block);
  drain_worker(router, workers[0]);
  make_room();
  caf::anon_send(router, 7);
  world.drain();
  EXPECT_EQ(counts().waiting, 1u);
  drain_worker(router, workers[0], false);
  world.drain();
  EXPECT_THAT(log->handled, ElementsAre(7));
}

TEST_F(router_bounds_test, what_is_urgent_is_more_important_unless_told_otherwise) {
  router_options options;
  options.rules.bounds = {
      .per_worker = 1, .rule = when_full::shed_by_priority, .waiting_max = 1, .waiting_limit = 10s};
  make(options, 1);
  (void)ask<float>(1.0f);
  world.drain();
  caf::anon_send(router, 1);
  caf::anon_send<caf::message_priority::high>(router, 2);
  make_room();
  EXPECT_THAT(log->handled, ElementsAre(2));
  EXPECT_EQ(counts().rejected, 1u);
}

TEST_F(router_bounds_test, thousands_that_wait_for_a_worker_that_dies_do_not_recurse) {
  bounded(when_full::block, 20'000);
  for (int i = 0; i < 20'000; ++i) caf::anon_send(router, i);
  kill_now(workers[0]);
  world.drain();
  EXPECT_EQ(counts().waiting, 20'000u);
  join();
  kill_now(workers[1]);
  world.drain();
  EXPECT_TRUE(counts().add_up());
}

TEST_F(router_bounds_test, an_ejection_ends_on_time_whatever_else_is_due_meanwhile) {
  router_options options;
  options.policy = {routing_kind::round_robin};
  options.rules.ejection = {.failures = 1, .time = 10s};
  options.answer_limit = 3s;
  make(options, 2);
  (void)ask<float>(1.0f);
  world.advance(3s);  // it was not answered
  (void)ask<float>(1.0f);
  world.advance(3s);  // nor was the other, by the one that may not be ejected as well
  const auto out = [this] {
    const auto loads = worker_loads(router);
    return std::ranges::count_if(loads, &worker_load::ejected);
  };
  EXPECT_EQ(out(), 1);
  world.advance(7s);
  EXPECT_EQ(out(), 0);
}

TEST_F(router_bounds_test, only_failures_without_a_success_in_between_are_in_a_row) {
  router_options options;
  options.policy = {routing_kind::round_robin};
  options.rules.ejection = {.failures = 2, .time = 10s};
  make(options, 2);
  const auto turn_of_first = [this](bool well) {
    (void)ask<float>(1.0f);
    (void)ask<float>(1.0f);
    world.drain();
    const auto mine = log->held.size() - (log->held.back().first == workers[0] ? 1 : 2);
    if (well) return answer(mine);
    caf::anon_send(workers[0], caf::get_atom_v, static_cast<std::uint32_t>(mine));
    world.drain();
  };
  for (const bool well : {false, true, false}) turn_of_first(well);
  EXPECT_FALSE(worker_loads(router)[0].ejected);
  turn_of_first(false);
  EXPECT_TRUE(worker_loads(router)[0].ejected);
}

TEST_F(router_bounds_test, a_worker_that_fails_in_a_row_is_left_out_and_comes_back) {
  router_options options;
  options.policy = {routing_kind::round_robin};
  options.rules.ejection = {.failures = 2, .time = 10s};
  options.answer_limit = 1s;
  make(options, 2);
  for (int i = 0; i < 4; ++i) (void)ask<float>(1.0f);
  world.drain();
  ASSERT_EQ(log->held.size(), 4u);
  world.advance(1s);  // none was answered
  std::vector<bool> ejected;
  for (const auto& one : worker_loads(router)) ejected.push_back(one.ejected);
  EXPECT_THAT(ejected, testing::UnorderedElementsAre(true, false)) << "not both: that is the cap";
  for (int i = 0; i < 10; ++i) caf::anon_send(router, i);
  world.drain();
  for (const auto& one : worker_loads(router)) EXPECT_EQ(one.done, one.ejected ? 0u : 10u);
  world.advance(10s);
  for (const auto& one : worker_loads(router)) EXPECT_FALSE(one.ejected);
}

}  // namespace
}  // namespace bulwark
