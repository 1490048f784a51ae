// SPDX-License-Identifier: BSD-3-Clause
// Goal: a voter that stays down is replaced, no other is, and there are never more or fewer voters for it.
#include "bulwark/supervision/core/voter_keeper.hpp"

#include <gtest/gtest.h>

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using change = voter_keeper::change;
using health = voter_keeper::node_health;

constexpr instant start{1h};

/// n1 n2 n3 vote, n4 and n5 are there.
voter_keeper::situation all_up() {
  return {
      {{1, health::up}, {2, health::up}, {3, health::up}, {4, health::up}, {5, health::up}}, {1, 2, 3}, {}};
}

TEST(voter_keeper, leaves_things_alone_while_all_voters_are_up) {
  voter_keeper keeper{10s};
  auto things = all_up();
  things.nodes[4] = health::down;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(keeper.next(things, start + i * 1s), std::nullopt);
}

TEST(voter_keeper, lets_another_learn_and_vote_in_its_place) {
  voter_keeper keeper{10s};
  auto things = all_up();
  things.nodes[2] = health::down;
  EXPECT_EQ(keeper.next(things, start), std::nullopt);
  EXPECT_EQ(keeper.next(things, start + 9s), std::nullopt);
  EXPECT_EQ(keeper.next(things, start + 10s), (change{0, 4}));
  things.learners = {4};
  EXPECT_EQ(keeper.next(things, start + 11s), (change{2, 4}));
  things.learners = {};
  things.voters = {1, 3, 4};
  EXPECT_EQ(keeper.next(things, start + 60s), std::nullopt);
}

TEST(voter_keeper, begins_anew_when_it_was_back_in_between) {
  voter_keeper keeper{10s};
  auto things = all_up();
  things.nodes[2] = health::down;
  keeper.next(things, start);
  things.nodes[2] = health::doubtful;
  keeper.next(things, start + 5s);
  things.nodes[2] = health::down;
  EXPECT_EQ(keeper.next(things, start + 12s), std::nullopt);
  EXPECT_EQ(keeper.next(things, start + 22s), (change{0, 4}));
}

TEST(voter_keeper, a_new_leader_counts_for_itself) {
  voter_keeper keeper{10s};
  auto things = all_up();
  things.nodes[2] = health::down;
  keeper.next(things, start);
  keeper.rest();
  EXPECT_EQ(keeper.next(things, start + 12s), std::nullopt);
}

TEST(voter_keeper, takes_nobody_who_is_not_up) {
  voter_keeper keeper{10s};
  auto things = all_up();
  for (const std::uint32_t node : {2u, 4u}) things.nodes[node] = health::down;
  things.nodes[5] = health::doubtful;
  things.learners = {4};
  keeper.next(things, start);
  EXPECT_EQ(keeper.next(things, start + 1h), std::nullopt);
  things.nodes[5] = health::up;
  EXPECT_EQ(keeper.next(things, start + 2h), (change{0, 5}));
}

TEST(voter_keeper, does_nothing_if_it_is_not_wanted) {
  voter_keeper keeper{0s};
  auto things = all_up();
  things.nodes[2] = health::down;
  keeper.next(things, start);
  EXPECT_EQ(keeper.next(things, start + 1h), std::nullopt);
}

}  // namespace
}  // namespace bulwark
