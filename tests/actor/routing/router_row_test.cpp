// SPDX-License-Identifier: BSD-3-Clause
// Goal: senders that choose their worker themselves, without the router's lock, choose as the router would,
// send nothing to whom it took out, and lose and miscount nothing while workers come, go and end.
// Method: a deterministic system for what is chosen; threads that send, against one that breaks workers, for
// the counts and for what keeps workers alive.
#include <atomic>
#include <chrono>
#include <thread>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/core/random.hpp"
#include "routing_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

class router_row_test : public routing_fixture {
 protected:
  router_row_test() { by_default = routing_kind::p2c; }

  void send(int count) {
    for (int i = 0; i < count; ++i) caf::anon_send(router, i);
  }
  /// Requests that stay with their workers.
  void keep_busy(int count) {
    for (int i = 0; i < count; ++i) (void)ask<float>(1.0f);
    world.drain();
  }
  void answer_all() {
    for (std::size_t i = 0; i < log->held.size(); ++i) answer(i);
  }
};

TEST_F(router_row_test, the_less_loaded_of_two_gets_it) {
  make({}, 2);
  send(10);
  EXPECT_EQ(in_flight(), (std::vector<std::int64_t>{5, 5}));
  EXPECT_EQ(counts().submitted, 10u);
}

TEST_F(router_row_test, requests_weigh_as_well) {
  make({}, 1);
  keep_busy(6);
  join();
  send(4);
  EXPECT_EQ(in_flight(), (std::vector<std::int64_t>{6, 4}));
  world.drain();
  EXPECT_EQ(in_flight(), (std::vector<std::int64_t>{6, 0}));
  answer_all();
}

TEST_F(router_row_test, leases_weigh_as_well) {
  make({}, 1);
  std::vector<routed> leases;
  for (int i = 0; i < 4; ++i) leases.push_back(*pick(router));
  join();
  send(4);
  EXPECT_EQ(in_flight(), (std::vector<std::int64_t>{0, 4}));
  leases.clear();
  send(4);
  EXPECT_EQ(in_flight(), (std::vector<std::int64_t>{4, 4}));
}

TEST_F(router_row_test, what_others_sent_is_seen_from_time_to_time) {
  make({}, 2);
  for (int i = 0; i < 1000; ++i) caf::anon_send(workers[0], i);
  send(300);
  EXPECT_GT(in_flight()[1], 300 - 100) << "the first look comes after at most 64 messages each";
}

TEST_F(router_row_test, weights_count) {
  make({}, 0);
  for (const double weight : {1.0, 3.0}) {
    workers.push_back(world.system().spawn(routed_worker<service_actor>, log));
    add_worker(router, workers.back(), weight);
  }
  send(40);
  EXPECT_EQ(in_flight(), (std::vector<std::int64_t>{10, 30}));
  set_preference(router, workers[1], 1.0 / 3);
  send(20);
  EXPECT_EQ(in_flight(), (std::vector<std::int64_t>{30, 30}));
}

TEST_F(router_row_test, reports_count) {
  make({}, 2);
  report_load(router, workers[0], 10);
  send(10);
  EXPECT_EQ(in_flight(), (std::vector<std::int64_t>{0, 10}));
}

TEST_F(router_row_test, whoever_has_just_started_gets_less) {
  router_options options;
  options.rules.slow_start.window = 10s;
  make(std::move(options), 1);
  world.advance(20s);
  join();
  send(22);
  EXPECT_EQ(in_flight(), (std::vector<std::int64_t>{20, 2}));
}

TEST_F(router_row_test, bounds_hold) {
  router_options options;
  options.rules.bounds = {.per_worker = 2, .rule = when_full::reject};
  make(std::move(options), 2);
  send(10);
  EXPECT_EQ(in_flight(), (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(counts().rejected, 6u);
}

TEST_F(router_row_test, its_messages_are_in_the_mailbox_of_their_worker) {
  make({}, 1);
  send(3);
  caf::anon_send(workers[0], 4);
  EXPECT_EQ(gauge_of(workers[0])->depth(), 4);
  world.drain();
  EXPECT_EQ(gauge_of(workers[0])->depth(), 0);
}

TEST_F(router_row_test, whoever_is_taken_out_gets_nothing) {
  make({}, 3);
  drain_worker(router, workers[0], true);
  remove_worker(router, workers[1]);
  send(20);
  EXPECT_EQ(in_flight(), (std::vector<std::int64_t>{0, 20}));
  drain_worker(router, workers[0], false);
  send(10);
  EXPECT_EQ(in_flight(), (std::vector<std::int64_t>{10, 20}));
  kill_now(workers[2]);
  world.drain();
  send(5);
  EXPECT_EQ(in_flight(), std::vector<std::int64_t>{5});
  EXPECT_EQ(counts().failed, 20u);
}

TEST_F(router_row_test, one_that_does_not_tally_among_others_gets_its_share) {
  make({}, 1);
  join(true);
  send(4);
  world.drain();
  EXPECT_EQ(counts().done, 4u);
  EXPECT_GT(worker_loads(router)[1].done, 0u);
}

TEST_F(router_row_test, a_new_policy_is_gone_by_at_once) {
  make({}, 1);
  keep_busy(6);
  join();
  send(4);
  EXPECT_EQ(in_flight(), (std::vector<std::int64_t>{6, 4}));
  set_policy(router, {routing_kind::round_robin});
  send(4);
  EXPECT_EQ(in_flight(), (std::vector<std::int64_t>{8, 6})) << "it goes by turns, not by load";
  set_policy(router, {routing_kind::p2c});
  send(2);
  EXPECT_EQ(in_flight(), (std::vector<std::int64_t>{8, 8}));
  set_policy(router, {routing_kind::broadcast});
  send(1);
  EXPECT_EQ(in_flight(), (std::vector<std::int64_t>{9, 9}));
  world.drain();
  answer_all();
}

TEST_F(router_row_test, messages_that_wait_go_first) {
  router_options options;
  options.rules.bounds = {.rule = when_full::block, .waiting_max = 10, .waiting_limit = 10s};
  make(std::move(options), 0);
  for (const int number : {1, 2}) caf::anon_send(router, number);
  EXPECT_EQ(counts().waiting, 2u);
  join();
  caf::anon_send(router, 3);
  world.drain();
  EXPECT_EQ(log->handled, (std::vector{1, 2, 3}));
}

TEST_F(router_row_test, a_closed_router_takes_nothing) {
  make({}, 2);
  ask_to_stop(router);
  send(3);
  EXPECT_EQ(counts().rejected, 3u);
  world.drain();
  EXPECT_TRUE(log->handled.empty());
}

/// Leaves the router that brings it a message, and ends, before the message has come.
class fleeing_worker final : public service_actor {
 public:
  fleeing_worker(caf::actor_config& config, const caf::actor& router, std::shared_ptr<int> ends)
      : service_actor{config}, router_{caf::actor_cast<caf::actor_addr>(router)}, ends_{std::move(ends)} {}
  ~fleeing_worker() override { ++*ends_; }

  using service_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    if (element->content().match_elements<int>()) {
      const auto router = caf::actor_cast<caf::actor>(router_);
      remove_worker(router, caf::actor_cast<caf::actor>(this));
      EXPECT_EQ(*ends_, 0) << "who brings a message keeps the worker";
    }
    service_actor::enqueue(std::move(element), host);
  }
  caf::behavior make_behavior() override {
    return {[](int) {}};
  }

 private:
  const caf::actor_addr router_;  // weak: the router holds the worker
  const std::shared_ptr<int> ends_;
};

TEST_F(router_row_test, a_worker_that_leaves_while_a_message_comes_lives_until_it_came) {
  make({}, 0);
  const auto ends = std::make_shared<int>(0);
  add_worker(router, world.system().spawn<fleeing_worker>(router, ends));
  world.drain();
  EXPECT_EQ(*ends, 0);
  caf::anon_send(router, 1);
  EXPECT_TRUE(worker_loads(router).empty());
  world.drain();
  EXPECT_EQ(*ends, 1) << "nobody refers to it any more";
  EXPECT_EQ(counts().done, 1u);
}

TEST_F(router_row_test, places_are_used_again) {
  make({}, 0);
  for (int round = 0; round < 50; ++round) {
    const auto first = join(), second = join();
    send(2);
    kill_now(first);
    world.drain();
    EXPECT_EQ(worker_loads(router).size(), 1u);
    remove_worker(router, second);
    send(1);
    ASSERT_EQ(counts().rejected, static_cast<std::uint64_t>(round) + 1);
    ASSERT_EQ(counts().in_flight, 0) << "of those before as well";
  }
  EXPECT_EQ(counts().submitted, 150u);
}

// -- threads --------------------------------------------------------------------------------------

/// Counts what it handles, and itself.
class counted_worker final : public service_actor {
 public:
  counted_worker(caf::actor_config& config, std::atomic<std::uint64_t>* handled, std::atomic<int>* alive)
      : service_actor{config}, handled_{handled}, alive_{alive} {
    alive_->fetch_add(1);
  }
  ~counted_worker() override { alive_->fetch_sub(1); }

  caf::behavior make_behavior() override {
    return {[this](std::uint64_t) { handled_->fetch_add(1, std::memory_order_relaxed); }};
  }

 private:
  std::atomic<std::uint64_t>* handled_;
  std::atomic<int>* alive_;
};

TEST(router_row_threads_test, nothing_is_lost_while_workers_come_and_go) {
  constexpr std::uint64_t each = 100'000;
  std::atomic<std::uint64_t> handled{0};
  std::atomic<int> alive{0};
  caf::actor_system_config config;
  caf::actor_system system{config};
  const auto router = make_router(system, "row");
  std::vector<caf::actor> workers;
  const auto join = [&] {
    workers.push_back(system.spawn<counted_worker>(&handled, &alive));
    add_worker(router, workers.back());
  };
  for (int i = 0; i < 4; ++i) join();
  std::atomic<int> sending{3};
  const auto send = [&] {
    for (std::uint64_t i = 0; i < each; ++i) caf::anon_send(router, i);
    --sending;
  };
  std::vector<std::thread> senders;
  for (int i = 0; i < 3; ++i) senders.emplace_back(send);
  random_stream random{1};
  while (sending > 0) {
    const auto victim = random.below(workers.size());
    switch (random.below(4)) {
      case 0: kill_now(workers[victim]); break;
      case 1: remove_worker(router, workers[victim]); break;
      case 2: drain_worker(router, workers[victim], true); break;
      default: set_preference(router, workers[victim], 0.5); continue;
    }
    if (const auto now = counts_of(router); !now.add_up() || now.in_flight < 0) {
      ADD_FAILURE() << now;
      break;
    }
    join();
    if (workers.size() > 8) {  // the oldest one, which may have work left
      caf::anon_send_exit(workers.front(), caf::exit_reason::user_shutdown);
      workers.erase(workers.begin());
    }
  }
  for (auto& one : senders) one.join();
  for (const auto& one : workers) caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
  workers.clear();
  const auto limit = std::chrono::steady_clock::now() + 60s;
  const auto is_over = [&] { return counts_of(router).in_flight == 0 && alive == 0; };
  while (!is_over() && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  const auto counts = counts_of(router);
  EXPECT_EQ(alive, 0) << "a worker is kept";
  EXPECT_EQ(counts.submitted, 3 * each) << counts;
  EXPECT_EQ(counts.done, handled) << counts;
  EXPECT_EQ(counts.in_flight, 0) << counts;
  EXPECT_TRUE(counts.add_up()) << counts;
  ask_to_stop(router);
}

}  // namespace
}  // namespace bulwark
