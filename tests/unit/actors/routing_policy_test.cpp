// SPDX-License-Identifier: BSD-3-Clause
// Goal: each policy chooses as its definition says.
// Method: exact choices where a policy is deterministic; shares of many choices against the formula, with
// fixed tickets.
#include "bulwark/actors/core/routing_policy.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "bulwark/actors/core/choosers.hpp"
#include "bulwark/actors/core/peak_ewma.hpp"
#include "fake_workers.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

constexpr const char* all_policies[] = {"round_robin",
                                        "random",
                                        "weighted",
                                        "weighted:2.5",
                                        "least_connections",
                                        "p2c",
                                        "least_loaded",
                                        "p2c_ewma",
                                        "weighted_round_robin",
                                        "consistent_hash",
                                        "consistent_hash:1.5",
                                        "broadcast",
                                        "scatter_gather_first"};

/// Which share of many choices each worker gets.
std::vector<double> shares(const routing_policy& policy, const fake_workers& workers) {
  constexpr int choices = 200'000;
  auto chooser = make_chooser(policy);
  std::vector<double> got(workers.count(), 0);
  for (std::uint64_t ticket = 0; ticket < choices; ++ticket)
    got[chooser.choose(workers, {.ticket = ticket, .key = ticket})] += 1.0 / choices;
  return got;
}

void expect_near(const std::vector<double>& got, const std::vector<double>& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 0.01) << "worker " << i;
}

TEST(routing_policy, round_robin_and_random_do_not_look_at_loads) {
  expect_near(shares({routing_kind::round_robin}, {0, 50, 100, 1}), {0.25, 0.25, 0.25, 0.25});
  expect_near(shares({routing_kind::random}, {0, 50, 100, 1}), {0.25, 0.25, 0.25, 0.25});
}

TEST(routing_policy, weighted_follows_the_inverse_of_the_load) {
  expect_near(shares({routing_kind::weighted}, {0, 1, 3}), {4.0 / 7, 2.0 / 7, 1.0 / 7});
  expect_near(shares({routing_kind::weighted, 2.0}, {0, 1, 3}), {16.0 / 21, 4.0 / 21, 1.0 / 21});
  expect_near(shares({routing_kind::weighted, 0.0}, {0, 1, 3}), {1.0 / 3, 1.0 / 3, 1.0 / 3});
  fake_workers unequal{0, 1};
  unequal.weights = {1, 4};
  expect_near(shares({routing_kind::weighted}, unequal), {1.0 / 3, 2.0 / 3});
}

TEST(routing_policy, least_connections_takes_the_least_loaded_and_equals_in_turn) {
  expect_near(shares({routing_kind::least_connections}, {5, 2, 9}), {0, 1, 0});
  expect_near(shares({routing_kind::least_connections}, {3, 3, 3}), {1.0 / 3, 1.0 / 3, 1.0 / 3});
}

TEST(routing_policy, least_loaded_counts_the_weight_and_least_connections_does_not) {
  fake_workers workers{1, 2};
  workers.weights = {1, 3};  // costs 2 and 1
  expect_near(shares({routing_kind::least_loaded}, workers), {0, 1});
  expect_near(shares({routing_kind::least_connections}, workers), {1, 0});
}

TEST(routing_policy, two_choices_never_take_the_most_loaded_and_ask_two_workers_only) {
  // Of the three pairs, the idle one wins two and the middle one wins one.
  expect_near(shares({routing_kind::p2c}, {0, 5, 9}), {2.0 / 3, 1.0 / 3, 0});
  fake_workers many;
  many.loads.assign(1000, 1);
  (void)choose_of_two{}.choose(many, {.ticket = 7});
  EXPECT_EQ(many.asked, 2);
}

TEST(routing_policy, latency_outweighs_load_once_it_is_known) {
  fake_workers workers{1, 3};
  workers.latencies = {50'000, 10'000};  // 100'000 against 40'000
  expect_near(shares({routing_kind::p2c_ewma}, workers), {0, 1});
  workers.latencies = {50'000, 0};
  expect_near(shares({routing_kind::p2c_ewma}, workers), {1, 0});
  EXPECT_TRUE(make_chooser({routing_kind::p2c_ewma}).wants_latency());
  EXPECT_FALSE(make_chooser({routing_kind::p2c}).wants_latency());
}

TEST(routing_policy, weighted_round_robin_is_exact_and_smooth) {
  fake_workers workers{0, 0, 0};
  workers.weights = {5, 1, 1};
  choose_in_weighted_turn chooser;
  std::string order;
  for (int i = 0; i < 14; ++i) order += "abc"[chooser.choose(workers, {})];
  EXPECT_EQ(order, "aabacaaaabacaa");
  workers.loads.push_back(0);  // one comes: the credits of the others stay
  workers.changes = 2;
  workers.weights = {1, 1, 1, 1};
  std::map<std::size_t, int> turns;
  for (int i = 0; i < 8; ++i) ++turns[chooser.choose(workers, {})];
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(turns[i], 2) << i;
}

TEST(routing_policy, in_a_weighted_turn_credit_stays_with_whoever_earned_it) {
  fake_workers workers{0, 0, 0};
  choose_in_weighted_turn chooser;
  EXPECT_EQ(chooser.choose(workers, {}), 0u);
  workers.loads.pop_back();  // the one that had its turn goes
  workers.identities = {2, 3};
  workers.changes = 2;
  EXPECT_EQ(chooser.choose(workers, {}), 0u);
  EXPECT_EQ(chooser.choose(workers, {}), 1u);
}

TEST(routing_policy, a_key_keeps_its_worker_and_moves_only_when_that_goes) {
  fake_workers workers{0, 0, 0, 0};
  choose_by_key chooser{1000.0};  // no bound to speak of
  std::map<std::uint64_t, std::uint64_t> before;
  for (std::uint64_t key = 0; key < 4000; ++key)
    before[key] = workers.identity(chooser.choose(workers, {.ticket = key * 3, .key = key}));
  std::map<std::uint64_t, int> load;
  for (const auto& [key, worker] : before) ++load[worker];
  for (const auto& [worker, keys] : load) EXPECT_NEAR(keys, 1000, 350) << worker;

  workers.loads.pop_back();
  workers.identities = {1, 2, 4};  // number 3 has gone
  workers.changes = 2;
  for (const auto& [key, worker] : before) {
    const auto at = chooser.choose(workers, {.key = key});
    ASSERT_LT(at, workers.count());
    const auto now = workers.identity(at);
    if (worker != 3) {
      ASSERT_EQ(now, worker) << key;
    }
  }
}

TEST(routing_policy, a_hot_key_spills_over_when_its_worker_is_above_the_bound) {
  fake_workers workers{0, 0, 0, 0};
  choose_by_key chooser{1.25};
  for (int i = 0; i < 400; ++i) {
    const auto at = chooser.choose(workers, {.key = 42});
    ++workers.loads[at];
    std::int64_t total = 0;
    for (const auto load : workers.loads) total += load;
    ASSERT_LE(static_cast<double>(workers.loads[at]), std::ceil(1.25 * static_cast<double>(total) / 4));
  }
  for (const auto load : workers.loads) EXPECT_GT(load, 0);
}

TEST(routing_policy, the_bound_of_a_ring_is_the_one_that_was_asked_for) {
  const auto keys_alone = [](const char* name) {
    auto chooser = make_chooser(*parse_policy(name));
    fake_workers workers{0, 0, 0, 0};
    int alone = 0;
    while (alone < 100) {
      const auto at = chooser.choose(workers, {.key = 42});
      if (++workers.loads[at] != ++alone) return alone - 1;
    }
    return alone;
  };
  // The n-th of one key stays if n <= ceil(bound x n / 4).
  EXPECT_EQ(keys_alone("consistent_hash:2"), 1);
  EXPECT_EQ(keys_alone("consistent_hash:3"), 3);
  EXPECT_EQ(keys_alone("consistent_hash:4"), 100);
}

TEST(routing_policy, one_worker_gets_everything_whatever_the_policy) {
  for (const char* name : all_policies) {
    auto chooser = make_chooser(*parse_policy(name));
    const fake_workers lonely{3};
    for (std::uint64_t ticket = 0; ticket < 100; ++ticket)
      EXPECT_EQ(chooser.choose(lonely, {.ticket = ticket}), 0u) << name;
  }
}

TEST(routing_policy, a_user_brings_a_policy_of_his_own) {
  struct choose_last {
    std::size_t choose(const worker_view& workers, const routing_call&) { return workers.count() - 1; }
  };
  static_assert(worker_chooser<choose_last>);
  any_chooser chooser{choose_last{}};
  EXPECT_EQ(chooser.choose(fake_workers{1, 2, 3}, {}), 2u);
}

TEST(routing_policy, names_are_read_as_they_are_written) {
  for (const char* name : all_policies) EXPECT_EQ(to_string(*parse_policy(name)), name);
  for (const char* wrong : {"", "P2C", "weighted:", "weighted:-1", "weighted:nan", "weighted:1x", "fastest",
                            "p2c:2", "consistent_hash:1", "p2c "})
    EXPECT_FALSE(parse_policy(wrong)) << wrong;
}

TEST(peak_ewma, believes_a_peak_at_once_and_forgets_it_slowly) {
  peak_ewma latency{1s};
  instant now{1h};
  EXPECT_EQ(latency.value(now), 0);
  latency.observe(10ms, now);
  EXPECT_DOUBLE_EQ(latency.value(now), 10e6);
  latency.observe(50ms, now);
  EXPECT_DOUBLE_EQ(latency.value(now), 50e6);
  now += 1s;
  latency.observe(10ms, now);
  EXPECT_NEAR(latency.value(now), 10e6 + 40e6 * std::exp(-1), 1);
  latency.observe(10ms, now - 10s);  // a step back is no time
  EXPECT_NEAR(latency.value(now), 10e6 + 40e6 * std::exp(-1), 1);
  EXPECT_EQ(latency.value(now + 1min), 0) << "without news it gets another chance";
}

TEST(peak_ewma, fades_without_news) {
  peak_ewma latency{1s};
  const instant now{1h};
  latency.observe(10ms, now);
  EXPECT_NEAR(latency.value(now + 1s), 10e6 * std::exp(-1), 1);
}

}  // namespace
}  // namespace bulwark
