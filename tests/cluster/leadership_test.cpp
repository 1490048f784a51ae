// SPDX-License-Identifier: BSD-3-Clause
// Goal: leadership moves from node to node under load, and no request fails of it.
// Method: a real cluster under a checked load; `bulwark leader move`, and a leader that is told to end.
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace bulwark::cluster_test {
namespace {

using load::checked_load;
using load::local_cluster;
using testing::HasSubstr;

std::string other_than(const local_cluster& cluster, const std::string& leader) {
  const auto& ids = cluster.ids();
  const auto at = std::find(ids.begin(), ids.end(), leader);
  return at + 1 == ids.end() ? ids.front() : *(at + 1);
}

TEST(leadership, moves_under_load_without_a_failed_request) {
  local_cluster cluster(patient_cluster(3));
  ASSERT_TRUE(cluster.await_all_up(10s)) << cluster.describe();
  checked_load load(modest_load(cluster.endpoints()));
  load.start();
  ASSERT_NO_FATAL_FAILURE(await_more(load, 500));
  const auto before = load.totals();
  for (int moves = 0; moves < 8; ++moves) {
    const auto from = cluster.await_leader(10s);
    const auto to = other_than(cluster, from);
    const auto moved = cluster.command({"leader", "move", to});
    ASSERT_EQ(moved.exit_code, 0) << moved.out << moved.err;
    EXPECT_THAT(moved.out, HasSubstr(to + " leads now, before it was " + from));
    ASSERT_NO_FATAL_FAILURE(await_more(load, 300));
    EXPECT_EQ(cluster.await_leader(10s), to);
  }
  const auto meanwhile = load.totals() - before;
  EXPECT_EQ(meanwhile.refused, 0U);
  EXPECT_EQ(meanwhile.unknown, 0U);
  load.stop();
  expect_nothing_lost(load);
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

TEST(leadership, cannot_move_to_a_node_that_is_not_there) {
  local_cluster cluster(patient_cluster(3));
  const auto missing = cluster.command({"leader", "move", "n9"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("there is no node \"n9\""));
  const auto leader = cluster.await_leader(10s);
  const auto already = cluster.command({"leader", "move", leader});
  EXPECT_EQ(already.exit_code, 0) << already.err;
  EXPECT_THAT(already.out, HasSubstr(leader + " leads already"));
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

TEST(leadership, a_leader_that_is_told_to_end_hands_over_first) {
  local_cluster cluster(patient_cluster(3));
  ASSERT_TRUE(cluster.await_all_up(10s)) << cluster.describe();
  checked_load load(modest_load(cluster.endpoints()));
  load.start();
  ASSERT_NO_FATAL_FAILURE(await_more(load, 500));
  for (std::size_t restarts = 0; restarts < cluster.ids().size(); ++restarts) {
    const auto leader = cluster.await_leader(10s);
    const auto restarted = cluster.command({"restart", leader}, 60s);
    ASSERT_EQ(restarted.exit_code, 0) << restarted.out << restarted.err;
    EXPECT_THAT(cluster.log_tail(leader), HasSubstr("a transfer of leadership ended with moved"));
    ASSERT_TRUE(cluster.await_all_up(10s)) << cluster.describe();
    ASSERT_NO_FATAL_FAILURE(await_more(load, 300));
  }
  load.stop();
  expect_nothing_lost(load);
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

}  // namespace
}  // namespace bulwark::cluster_test
