// SPDX-License-Identifier: BSD-3-Clause
// Goal: who comes, comes back, fails or drains gets as much work as its rules say.
// Method: a routing table whose moments and meters the test sets.
#include "routing_table_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

using routing_health_test = routing_table_fixture;

TEST_F(routing_health_test, a_worker_that_comes_gets_its_share_little_by_little) {
  routing_rules rules;
  rules.slow_start.window = 10s;
  make(rules, 2, {routing_kind::weighted_round_robin});
  EXPECT_TRUE(table->needs_time());
  now += 1min;
  EXPECT_EQ(spread(100)[ids[0]], 50);
  EXPECT_FALSE(table->needs_time());
  const auto fresh = join();
  EXPECT_NEAR(spread(210)[fresh], 10, 1) << "the floor: a tenth of the others";
  now += 5s;
  EXPECT_NEAR(spread(250)[fresh], 50, 1) << "half of the others";
  now += 5s;
  EXPECT_NEAR(spread(300)[fresh], 100, 1);
}

TEST_F(routing_health_test, draining_takes_nothing_new_and_undraining_is_a_new_start) {
  routing_rules rules;
  rules.slow_start.window = 10s;
  make(rules, 2, {routing_kind::weighted_round_robin});
  now += 1min;
  EXPECT_TRUE(table->drain(ids[0], true, now));
  EXPECT_FALSE(table->drain(ids[0], true, now)) << "it does already";
  EXPECT_EQ(spread(50)[ids[0]], 0);
  table->drain(ids[1], true, now);
  EXPECT_EQ(place().what, routing_table::verdict::no_worker) << "not even when nobody else is there";
  EXPECT_TRUE(table->drain(ids[0], false, now));
  table->drain(ids[1], false, now - 1s);
  EXPECT_LT(table->weight(0), 1);
}

TEST_F(routing_health_test, a_worker_that_fails_in_a_row_is_out_for_longer_each_time) {
  routing_rules rules;
  rules.ejection = {.failures = 3, .time = 10s, .time_max = 30s};
  make(rules, 4, {routing_kind::round_robin});
  const auto fail = [&](int times) {
    for (int i = 0; i < times; ++i) table->failed(ids[0], now);
  };
  fail(2);
  table->succeeded(ids[0]);
  fail(2);
  EXPECT_GT(spread(40)[ids[0]], 0) << "never three in a row";
  fail(1);
  EXPECT_EQ(spread(40)[ids[0]], 0);
  EXPECT_EQ(table->next_wakeup(), now + 10s);
  now += 10s;
  EXPECT_THAT(table->tick(now), testing::ElementsAre(ids[0]));
  EXPECT_THAT(table->tick(now), testing::IsEmpty());
  EXPECT_GT(spread(40)[ids[0]], 0);
  fail(1);  // on probation
  EXPECT_EQ(table->next_wakeup(), now + 20s);
  table->tick(now += 20s);
  fail(1);
  EXPECT_EQ(table->next_wakeup(), now + 30s) << "not above the longest time";
  table->tick(now += 30s);
  table->succeeded(ids[0]);
  fail(3);
  EXPECT_EQ(table->next_wakeup(), now + 10s) << "a success forgives";
}

TEST_F(routing_health_test, not_more_than_a_fraction_is_ejected) {
  routing_rules rules;
  rules.ejection = {.failures = 1, .fraction_max = 0.5, .panic_below = 0};
  make(rules, 4);
  std::vector<bool> ejected;
  for (const auto id : ids) ejected.push_back(table->failed(id, now));
  EXPECT_THAT(ejected, testing::ElementsAre(true, true, false, false));
  EXPECT_EQ(table->count(), 2u);
  make(rules, 1);
  table->failed(ids.back(), now);
  EXPECT_EQ(table->count(), 1u) << "the last one stays";
}

TEST_F(routing_health_test, in_panic_ejections_do_not_count_and_drains_do) {
  routing_rules rules;
  rules.ejection = {.failures = 1, .fraction_max = 1.0, .panic_below = 0.5};
  make(rules, 4);
  for (int i = 0; i < 2; ++i) table->failed(ids[static_cast<std::size_t>(i)], now);
  EXPECT_EQ(table->count(), 2u);
  EXPECT_FALSE(table->panics());
  table->failed(ids[2], now);
  EXPECT_TRUE(table->panics());
  EXPECT_EQ(table->count(), 4u);
  table->drain(ids[3], true, now);
  EXPECT_EQ(table->count(), 3u);
}

TEST_F(routing_health_test, a_slow_start_is_faster_at_first_with_more_aggression) {
  routing_rules rules;
  rules.slow_start = {.window = 16s, .aggression = 2, .floor = 0.1};
  make(rules, 1);
  now += 4s;
  table->tick(now);
  EXPECT_DOUBLE_EQ(table->weight(0), 0.5) << "(1/4)^(1/2)";
}

TEST_F(routing_health_test, a_worker_that_is_preferred_less_gets_so_much_of_its_share) {
  make({}, 3, {routing_kind::weighted_round_robin});
  table->prefer(ids[1], 0.25);
  const auto got = spread(900);
  EXPECT_NEAR(got.at(ids[0]), 400, 1);
  EXPECT_NEAR(got.at(ids[1]), 100, 1);
  EXPECT_NEAR(got.at(ids[2]), 400, 1);
  EXPECT_EQ(table->workers()[1].preference, 0.25);
  EXPECT_EQ(table->workers()[1].weight, 0.25);
  table->prefer(ids[1], 1);
  EXPECT_NEAR(spread(900)[ids[1]], 300, 1);
}

TEST_F(routing_health_test, a_preference_goes_with_weight_slow_start_and_load) {
  routing_rules rules;
  rules.slow_start.window = 10s;
  make(rules, 0, {routing_kind::weighted});
  const auto heavy = join(2);
  join();
  table->prefer(heavy, 0.5);
  EXPECT_DOUBLE_EQ(table->weight(0), 0.1) << "half of two, and a tenth of that";
  now += 5s;
  table->tick(now);
  EXPECT_DOUBLE_EQ(table->weight(0), 0.5);
  now += 5s;
  table->tick(now);
  EXPECT_DOUBLE_EQ(table->weight(0), 1);
  table->prefer(heavy, 0.05);
  EXPECT_NEAR(spread(22'000)[heavy], 2'000, 200) << "0.1 beside 1, while both are idle";
  meters[1]->mailbox_ = 9;
  EXPECT_NEAR(spread(22'000)[heavy], 11'000, 400) << "as much as one of weight 1 with ten times the load";
}

TEST_F(routing_health_test, a_preference_acts_on_costs_and_not_on_turns) {
  make({}, 2, {routing_kind::p2c});
  table->prefer(ids[0], 0.5);
  EXPECT_EQ(spread(100)[ids[0]], 0) << "the other one is cheaper as long as it is idle";
  meters[1]->leases_ = 2;
  EXPECT_EQ(place().id, ids[0]) << "two of the other one cost as much as none here, at half the weight";
  chooser.emplace(make_chooser({routing_kind::round_robin}));
  EXPECT_EQ(spread(100)[ids[0]], 50);
}

TEST_F(routing_health_test, a_preference_ends_with_the_membership_and_outlives_a_drain) {
  make({}, 1);
  table->prefer(ids[0], 0.5);
  table->drain(ids[0], true, now);
  table->drain(ids[0], false, now);
  EXPECT_EQ(table->weight(0), 0.5);
  table->leave(ids[0]);
  table->prefer(ids[0], 0.25);
  join();
  EXPECT_EQ(table->weight(0), 1);
}

TEST_F(routing_health_test, failures_before_a_drain_are_forgotten_with_it) {
  routing_rules rules;
  rules.ejection = {.failures = 2};
  make(rules, 2);
  table->failed(ids[0], now);
  table->drain(ids[0], true, now);
  table->drain(ids[0], false, now);
  table->failed(ids[0], now);
  EXPECT_EQ(table->count(), 2u);
  table->failed(ids[0], now);
  EXPECT_EQ(table->count(), 1u);
}

TEST_F(routing_health_test, what_comes_late_of_one_that_is_out_changes_nothing) {
  routing_rules rules;
  rules.ejection = {.failures = 1, .time = 10s, .time_max = 60s};
  make(rules, 4);
  table->failed(ids[0], now);
  const auto back = now + 10s;
  table->failed(ids[0], now += 5s);
  EXPECT_EQ(table->next_wakeup(), back) << "a second failure is of the same trouble";
  table->succeeded(ids[0]);
  table->tick(now = back);
  table->failed(ids[0], now);
  EXPECT_EQ(table->next_wakeup(), now + 20s) << "an answer from before does not forgive";
}

TEST_F(routing_health_test, those_that_drain_are_no_reason_to_panic) {
  routing_rules rules;
  rules.ejection = {.failures = 1, .fraction_max = 1.0, .panic_below = 0.5};
  make(rules, 4);
  table->drain(ids[0], true, now);
  table->drain(ids[1], true, now);
  table->failed(ids[2], now);
  EXPECT_FALSE(table->panics()) << "one of the two that are left is in use";
  EXPECT_EQ(table->count(), 1u);
}

}  // namespace
}  // namespace bulwark
