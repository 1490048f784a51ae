// SPDX-License-Identifier: BSD-3-Clause
// Goal: a worker that counts the messages of its router by itself counts each of them once and no other,
// whatever becomes of them, of the worker and of the router.
// Method: a deterministic system and workers that skip, drop, pass on, fail and leave what they get, chosen
// by the router under its lock and by senders without it; and one router with threads of its own, whose
// messages wait for one another.
#include <atomic>
#include <chrono>
#include <thread>

#include "bulwark/actors/compat.hpp"
#include "routing_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

class router_tally_test : public routing_fixture, public testing::WithParamInterface<routing_kind> {
 protected:
  router_tally_test() { by_default = GetParam(); }

  caf::actor router_of(const caf::actor& worker) {
    auto made = make_router(world.system(), "another", {GetParam()});
    add_worker(made, worker);
    return made;
  }

  /// An asynchronous message as only a router sends it.
  static void send_forged(const caf::actor& to, int number) {
    const caf::message_id forged{caf::message_id{}.integer_value() | caf::message_id::response_flag_mask |
                                 caf::message_id::answered_flag_mask};
    to->enqueue(caf::make_mailbox_element(nullptr, forged, {}, number), nullptr);
  }

  static void expect_counts(const caf::actor& of, std::uint64_t done, std::uint64_t failed) {
    const auto counts = counts_of(of);
    EXPECT_EQ(counts.done, done) << counts;
    EXPECT_EQ(counts.failed, failed) << counts;
    EXPECT_EQ(counts.in_flight, 0) << counts;
    EXPECT_TRUE(counts.add_up()) << counts;
  }
};

TEST_P(router_tally_test, messages_of_others_do_not_count_even_if_they_say_so) {
  make({}, 1);
  caf::anon_send(workers[0], 1);
  send_forged(workers[0], 2);
  caf::anon_send(router, 3);
  world.drain();
  EXPECT_EQ(log->handled, (std::vector{1, 2, 3}));
  expect_counts(router, 1, 0);
}

TEST_P(router_tally_test, what_a_worker_passes_on_is_no_message_of_the_next_ones_router) {
  make({}, 1);
  const auto front = world.system().spawn(
      [](service_actor* self, const caf::actor& next) -> caf::behavior {
        return {[=](int number) { return self->delegate(next, number); }};
      },
      workers[0]);
  workers.push_back(front);
  const auto another = router_of(front);
  caf::anon_send(another, 1);
  world.drain();
  EXPECT_EQ(log->handled, std::vector{1});
  expect_counts(another, 1, 0);
  expect_counts(router, 0, 0);
}

TEST_P(router_tally_test, each_of_two_routers_counts_its_own) {
  make({}, 1);
  const auto another = router_of(workers[0]);
  for (int i = 0; i < 3; ++i) caf::anon_send(router, i);
  for (int i = 0; i < 5; ++i) caf::anon_send(another, i);
  EXPECT_EQ(counts().in_flight, 3);
  EXPECT_EQ(counts_of(another).in_flight, 5);
  world.drain();
  expect_counts(router, 3, 0);
  expect_counts(another, 5, 0);
  caf::anon_send(router, std::string{"crash"});
  for (int i = 0; i < 2; ++i) caf::anon_send(router, i);
  for (int i = 0; i < 4; ++i) caf::anon_send(another, i);
  world.drain();
  expect_counts(router, 3, 3);
  expect_counts(another, 5, 4);
}

TEST_P(router_tally_test, a_worker_that_comes_back_has_two_accounts) {
  make({}, 1);
  for (int i = 0; i < 3; ++i) caf::anon_send(router, i);
  remove_worker(router, workers[0]);
  add_worker(router, workers[0]);
  for (int i = 0; i < 2; ++i) caf::anon_send(router, i);
  EXPECT_EQ(counts().in_flight, 5);
  world.drain();
  expect_counts(router, 5, 0);
  for (int i = 0; i < 2; ++i) caf::anon_send(router, i);
  kill_now(workers[0]);
  world.drain();
  expect_counts(router, 5, 2);
}

TEST_P(router_tally_test, a_worker_that_was_removed_fails_what_it_does_not_come_to) {
  make({}, 1);
  for (int i = 0; i < 3; ++i) caf::anon_send(router, i);
  remove_worker(router, workers[0]);
  kill_now(workers[0]);
  world.drain();
  expect_counts(router, 0, 3);
}

TEST_P(router_tally_test, what_a_worker_puts_off_is_in_flight) {
  make({}, 0);
  auto handled = std::make_shared<int>(0);
  workers.push_back(world.system().spawn(
      [](service_actor* self, std::shared_ptr<int> count) -> caf::behavior {
        self->set_default_handler(caf::skip);
        return {[=](float) { self->become([count](int) { ++*count; }); }};
      },
      handled));
  add_worker(router, workers[0]);
  for (int i = 0; i < 3; ++i) caf::anon_send(router, i);
  world.drain();
  EXPECT_EQ(counts().in_flight, 3);
  EXPECT_EQ(counts().done, 0u);
  caf::anon_send(router, 1.0f);
  world.drain();
  EXPECT_EQ(*handled, 3);
  expect_counts(router, 4, 0);
}

/// Drops each second number in front of its mailbox.
class picky_worker final : public service_actor {
 public:
  explicit picky_worker(caf::actor_config& config) : service_actor{config} {}
  using service_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    const bool drop = element->content().match_elements<int>() && ++seen_ % 2 == 0;
    if (!drop) service_actor::enqueue(std::move(element), host);
  }
  caf::behavior make_behavior() override {
    return {[](int) {}};
  }

 private:
  int seen_ = 0;
};

TEST_P(router_tally_test, what_a_class_keeps_from_its_mailbox_has_failed) {
  make({}, 0);
  workers.push_back(world.system().spawn<picky_worker>());
  add_worker(router, workers[0]);
  for (int i = 0; i < 5; ++i) caf::anon_send(router, i);
  EXPECT_EQ(counts().failed, 2u);
  world.drain();
  expect_counts(router, 3, 2);
}

TEST_P(router_tally_test, a_failure_that_is_passed_over_is_one) {
  make({}, 1);
  caf::actor_cast<service_actor*>(workers[0])->pass_over_failures([](const exit_status&) { return true; });
  for (const int number : {1, -1, 2}) caf::anon_send(router, number);
  world.drain();
  EXPECT_EQ(log->handled, (std::vector{1, -1, 2}));
  expect_counts(router, 2, 1);
}

TEST_P(router_tally_test, an_heir_may_finish_what_a_worker_left) {
  make({}, 1);
  const auto heir = world.system().spawn(routed_worker<service_actor>, log);
  const auto inherit = [heir](service_actor& ending, const caf::error&) {
    auto left = ending.close_mailbox();
    for (auto& element : left.waiting) heir->enqueue(std::move(element), nullptr);
  };
  ASSERT_TRUE(caf::actor_cast<service_actor*>(workers[0])->leave_mail_to(inherit, false));
  caf::anon_send(router, std::string{"crash"});
  for (int i = 0; i < 3; ++i) caf::anon_send(router, i);
  world.drain();
  EXPECT_EQ(log->handled, (std::vector{0, 1, 2}));
  expect_counts(router, 3, 1);
  workers.push_back(heir);
}

TEST_P(router_tally_test, messages_outlive_their_router) {
  make({}, 1);
  for (int i = 0; i < 3; ++i) caf::anon_send(router, i);
  router = nullptr;
  world.drain();
  EXPECT_EQ(log->handled.size(), 3u);
}

INSTANTIATE_TEST_SUITE_P(policies, router_tally_test,
                         testing::Values(routing_kind::least_loaded, routing_kind::p2c), [](const auto& of) {
                           return of.param == routing_kind::p2c ? "by_the_sender" : "by_the_router";
                         });

/// Two threads send more than the bounds let pass, so that each finished message has to let the next one in.
/// Lost wake-ups would leave some waiting, and lost counts some in flight.
TEST(router_tally_threads_test, all_are_counted_and_none_waits_for_ever) {
  constexpr std::uint64_t each = 20'000;
  caf::actor_system_config config;
  caf::actor_system system{config};
  std::atomic<std::uint64_t> handled{0};
  router_options options;
  options.name = "threads";
  options.rules.bounds = {
      .per_worker = 2, .rule = when_full::block, .waiting_max = 2 * each, .waiting_limit = 10min};
  const auto router = make_router(system, options);
  std::vector<caf::actor> workers;
  for (int i = 0; i < 3; ++i) {
    workers.push_back(system.spawn(
        [](service_actor*, std::atomic<std::uint64_t>* into) -> caf::behavior {
          return {[into](std::uint64_t) { into->fetch_add(1, std::memory_order_relaxed); }};
        },
        &handled));
    add_worker(router, workers.back());
  }
  const auto send = [&] {
    for (std::uint64_t i = 0; i < each; ++i) caf::anon_send(router, i);
  };
  std::thread one{send}, other{send};
  one.join();
  other.join();
  const auto limit = std::chrono::steady_clock::now() + 60s;
  while (counts_of(router).done < 2 * each && std::chrono::steady_clock::now() < limit)
    std::this_thread::yield();
  const auto counts = counts_of(router);
  EXPECT_EQ(counts.done, 2 * each) << counts;
  EXPECT_TRUE(counts.add_up()) << counts;
  EXPECT_EQ(handled.load(), 2 * each) << "a count that is seen shows the work as well";
  for (const auto& worker : workers) kill_now(worker);
  ask_to_stop(router);
}

}  // namespace
}  // namespace bulwark
