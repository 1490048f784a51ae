// SPDX-License-Identifier: BSD-3-Clause
// Goal: a router can be ordered about by messages, and its policy changed while it works.
// Method: requests to its control actor; effects seen through the loads.
#include "bulwark/testkit/probe.hpp"
#include "routing_fixture.hpp"

namespace bulwark {
namespace {

class router_orders_test : public routing_fixture {
 protected:
  template <class Answer, class Order>
  auto order(Order what) {
    const auto reply = testkit::ask<Answer>(world.system(), control_of(router), what);
    world.drain();
    return reply;
  }
};

TEST_F(router_orders_test, workers_come_drain_and_go_by_message) {
  make({.name = "orders"}, 0);
  const auto one = world.system().spawn(routed_worker<service_actor>, log);
  workers.push_back(one);
  EXPECT_EQ(order<std::uint64_t>(change_worker{one, worker_change::join, 200})->value, 1u);
  EXPECT_EQ(worker_loads(router)[0].weight, 2);
  EXPECT_EQ(order<std::uint64_t>(change_worker{one, worker_change::drain})->value, 1u);
  const auto report = order<router_report>(get_router_report{})->value;
  ASSERT_TRUE(report);
  EXPECT_EQ(report->name, "orders");
  EXPECT_EQ(report->workers[0].state, "draining");
  EXPECT_EQ(order<std::uint64_t>(change_worker{one, worker_change::undrain})->value, 1u);
  EXPECT_EQ(order<std::uint64_t>(change_worker{one, worker_change::leave})->value, 0u);
  EXPECT_TRUE(order<std::uint64_t>(change_worker{{}, worker_change::join})->error);
  EXPECT_TRUE(order<std::uint64_t>(change_worker{one, worker_change::join, 0})->error);
}

TEST_F(router_orders_test, a_report_counts_what_became_of_messages) {
  router_options options;
  options.delivery = delivery_mode::at_least_once;
  options.rules.bounds = {.per_worker = 1, .rule = when_full::block, .waiting_limit = std::chrono::hours{1}};
  make(options, 1);
  for (int i = 0; i < 3; ++i) caf::anon_send(router, i);
  world.drain();  // three are done
  (void)ask<std::int64_t>(std::string{"crash"});
  world.drain();  // answered with an error, and the worker is gone
  join();
  const auto held = ask<float>(1.0f);
  world.drain();
  kill_now(workers.back());
  join();
  world.drain();  // given to the next worker, who holds it
  caf::anon_send(router, 4);
  const auto report = order<router_report>(get_router_report{})->value;
  ASSERT_TRUE(report);
  EXPECT_EQ(report->submitted, 6u);
  EXPECT_EQ(report->done, 3u);
  EXPECT_EQ(report->failed, 1u);
  EXPECT_EQ(report->redelivered, 1u);
  EXPECT_EQ(report->in_flight, 1);
  EXPECT_EQ(report->waiting, 1u);
  ASSERT_EQ(report->workers.size(), 1u);
  EXPECT_EQ(report->workers[0].in_flight, 1);
  EXPECT_EQ(report->workers[0].done, 0u);
  EXPECT_EQ(report->workers[0].state, "up");
  answer(log->held.size() - 1);
  EXPECT_EQ(held->value, 0.0f);
  EXPECT_EQ(order<router_report>(get_router_report{})->value->workers[0].done, 2u);
}

TEST_F(router_orders_test, a_report_tells_who_is_ejected) {
  router_options options;
  options.rules.ejection = {.failures = 1, .time = std::chrono::seconds{10}};
  options.answer_limit = std::chrono::seconds{1};
  make(options, 2);
  (void)ask<float>(1.0f);
  world.advance(std::chrono::seconds{1});
  const auto report = order<router_report>(get_router_report{})->value;
  ASSERT_TRUE(report);
  EXPECT_EQ(report->workers[0].state + " " + report->workers[1].state, "ejected up");
  EXPECT_EQ(report->workers[0].failed, 1u);
}

TEST_F(router_orders_test, its_end_is_told_to_those_who_watch) {
  make({}, 1);
  testkit::probe watcher{world};
  watcher.watch(router);
  world.drain();
  ask_to_stop(router);
  EXPECT_EQ(watcher.expect_down(router), caf::make_error(caf::exit_reason::user_shutdown));
}

TEST_F(router_orders_test, the_policy_can_change_and_wrong_names_are_refused) {
  make({.policy = {routing_kind::round_robin}}, 2);
  EXPECT_EQ(order<std::string>(set_router_policy{"broadcast"})->value, "broadcast");
  caf::anon_send(router, 1);
  world.drain();
  EXPECT_EQ(log->handled.size(), 2u);
  EXPECT_TRUE(order<std::string>(set_router_policy{"fastest"})->error);
  EXPECT_TRUE(order<std::string>(set_router_policy{"consistent_hash"})->error) << "it has no key_of";
}

TEST_F(router_orders_test, a_policy_of_the_users_own_chooses) {
  struct choose_last {
    std::size_t choose(const worker_view& all, const routing_call&) { return all.count() - 1; }
  };
  make({}, 3);
  set_policy(router, any_chooser{choose_last{}});
  for (int i = 0; i < 5; ++i) caf::anon_send(router, i);
  EXPECT_THAT(in_flight(), testing::ElementsAre(0, 0, 5));
  world.drain();
}

TEST_F(router_orders_test, a_key_finds_its_worker_again) {
  router_options options;
  options.policy = {routing_kind::consistent_hash, 1.0, 100.0};
  options.key_of = [](const caf::message& m) { return static_cast<std::uint64_t>(m.get_as<int>(0)); };
  make(options, 4);
  for (int i = 0; i < 20; ++i) caf::anon_send(router, 7);
  EXPECT_THAT(in_flight(), testing::UnorderedElementsAre(0, 0, 0, 20));
  world.drain();
}

TEST_F(router_orders_test, reported_load_turns_work_away) {
  make({}, 2);
  caf::anon_send(control_of(router), worker_reports_load{workers[0], 3});
  world.drain();
  for (int i = 0; i < 3; ++i) caf::anon_send(router, i);
  EXPECT_THAT(in_flight(), testing::ElementsAre(0, 3));
  world.drain();
}

TEST_F(router_orders_test, a_worker_that_is_preferred_less_gets_less) {
  make({.policy = {routing_kind::weighted_round_robin}}, 2);
  EXPECT_EQ(order<std::uint64_t>(prefer_worker{workers[0], 25})->value, 2u);
  for (int i = 0; i < 10; ++i) caf::anon_send(router, i);
  EXPECT_THAT(in_flight(), testing::ElementsAre(2, 8));
  EXPECT_EQ(worker_loads(router)[0].preference, 0.25);
  EXPECT_EQ(worker_loads(router)[1].preference, 1);
  set_preference(router, workers[0], 1);
  for (int i = 0; i < 10; ++i) caf::anon_send(router, i);
  EXPECT_THAT(in_flight(), testing::ElementsAre(7, 13));
  EXPECT_TRUE(order<std::uint64_t>(prefer_worker{workers[0], 0})->error);
  EXPECT_TRUE(order<std::uint64_t>(prefer_worker{workers[0], 101})->error);
  EXPECT_TRUE(order<std::uint64_t>(prefer_worker{{}, 50})->error);
  set_preference(router, router, 0.5);  // no worker: no effect
  ask_to_stop(router);
  EXPECT_TRUE(order<std::uint64_t>(prefer_worker{workers[0], 50})->error);
}

TEST_F(router_orders_test, reported_load_grows_old_while_nothing_but_messages_come) {
  router_options options;
  options.rules.report_limit = std::chrono::seconds{10};
  make(options, 2);
  report_load(router, workers[0], 100);
  caf::anon_send(router, 1);
  caf::anon_send(router, 2);
  EXPECT_THAT(in_flight(), testing::ElementsAre(0, 2));
  world.advance(std::chrono::seconds{11});
  caf::anon_send(router, 3);
  caf::anon_send(router, 4);
  EXPECT_THAT(in_flight(), testing::ElementsAre(1, 1));
  world.drain();
}

TEST_F(router_orders_test, a_slow_start_ends_while_nothing_but_messages_come) {
  router_options options;
  options.policy = {routing_kind::weighted_round_robin};
  options.rules.slow_start.window = std::chrono::seconds{10};
  make(options, 1);
  world.advance(std::chrono::minutes{1});
  join();
  for (int i = 0; i < 22; ++i) caf::anon_send(router, i);
  EXPECT_THAT(in_flight(), testing::ElementsAre(20, 2)) << "a tenth at first";
  world.advance(std::chrono::seconds{10});
  for (int i = 0; i < 20; ++i) caf::anon_send(router, i);
  EXPECT_THAT(in_flight(), testing::ElementsAre(10, 10));
  world.drain();
}

TEST_F(router_orders_test, messages_of_others_in_a_mailbox_are_load) {
  make({}, 2);
  for (int i = 0; i < 5; ++i) caf::anon_send(workers[0], i);
  for (int i = 0; i < 3; ++i) caf::anon_send(router, i);
  EXPECT_THAT(in_flight(), testing::ElementsAre(0, 3));
  world.drain();
}

TEST_F(router_orders_test, a_worker_that_joins_twice_is_one) {
  make({}, 1);
  add_worker(router, workers[0], 5);
  ASSERT_EQ(worker_loads(router).size(), 1u);
  EXPECT_EQ(worker_loads(router)[0].weight, 1);
}

TEST_F(router_orders_test, an_urgent_request_stays_urgent) {
  make({}, 1);
  for (const int number : {1, 2}) caf::anon_send(router, number);
  caf::scoped_actor self{world.system()};
  auto urgent = self->request<caf::message_priority::high>(router, caf::infinite, 3);
  world.drain();
  EXPECT_THAT(log->handled, testing::ElementsAre(3, 1, 2));
  urgent.receive([] {}, [](const caf::error&) {});
}

TEST_F(router_orders_test, the_control_actor_ends_with_its_router) {
  make({}, 0);
  const auto control = control_of(router);
  ask_to_stop(router);
  world.drain();
  EXPECT_TRUE(order<router_report>(get_router_report{})->error);
  EXPECT_EQ(control, control_of(router));
}

}  // namespace
}  // namespace bulwark
