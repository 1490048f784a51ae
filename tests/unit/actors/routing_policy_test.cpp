// SPDX-License-Identifier: BSD-3-Clause
// Goal: each policy chooses as its definition says.
// Method: exact choices where a policy is deterministic; shares of many choices against the formula, with
// fixed tickets.
#include "bulwark/actors/core/routing_policy.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bulwark {
namespace {

using loads = std::vector<std::int64_t>;

/// Which share of many choices each worker gets.
std::vector<double> shares(const routing_policy& policy, const loads& load) {
  constexpr int choices = 200'000;
  std::vector<double> got(load.size(), 0);
  for (std::uint64_t ticket = 0; ticket < choices; ++ticket)
    got[choose_worker(policy, load.size(), ticket, [&](std::size_t i) { return load[i]; })] += 1.0 / choices;
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
}

TEST(routing_policy, least_connections_takes_the_least_loaded_and_equals_in_turn) {
  expect_near(shares({routing_kind::least_connections}, {5, 2, 9}), {0, 1, 0});
  expect_near(shares({routing_kind::least_connections}, {3, 3, 3}), {1.0 / 3, 1.0 / 3, 1.0 / 3});
}

TEST(routing_policy, two_choices_never_take_the_most_loaded_and_ask_two_workers_only) {
  // Of the three pairs, the idle one wins two and the middle one wins one.
  expect_near(shares({routing_kind::p2c}, {0, 5, 9}), {2.0 / 3, 1.0 / 3, 0});
  int asked = 0;
  (void)choose_worker({routing_kind::p2c}, 1000, 7, [&](std::size_t) { return ++asked; });
  EXPECT_EQ(asked, 2);
}

TEST(routing_policy, one_worker_gets_everything_whatever_the_policy) {
  for (const char* name : {"round_robin", "random", "weighted", "least_connections", "p2c"})
    for (std::uint64_t ticket = 0; ticket < 100; ++ticket)
      EXPECT_EQ(choose_worker(*parse_policy(name), 1, ticket, [](std::size_t) { return std::int64_t{3}; }),
                0u)
          << name;
}

TEST(routing_policy, names_are_read_as_they_are_written) {
  for (const char* name : {"round_robin", "random", "weighted", "weighted:2.5", "least_connections", "p2c"})
    EXPECT_EQ(to_string(*parse_policy(name)), name);
  for (const char* wrong : {"", "P2C", "weighted:", "weighted:-1", "weighted:nan", "weighted:1x", "fastest"})
    EXPECT_FALSE(parse_policy(wrong)) << wrong;
}

}  // namespace
}  // namespace bulwark
