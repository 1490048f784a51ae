// SPDX-License-Identifier: BSD-3-Clause
// Goal: all nodes can be restarted under load, one after the other, and no client is left in doubt: a node
// that is about to stop says so, and the next one does what was asked. Method: a real cluster of five under a
// checked load, and the command as an operator runs it.
#include "support.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace bulwark::cluster_test {
namespace {

using load::checked_load;
using load::local_cluster;

TEST(rolling_restart, restarts_every_node_and_no_request_is_lost_or_in_doubt) {
  local_cluster cluster({.program = program()});
  std::map<std::string, pid_t> before;
  for (const auto& id : cluster.ids()) before[id] = cluster.process_of(id)->pid;
  checked_load load(modest_load(cluster.endpoints()));
  load.start();
  const auto result = cluster.command({"rolling-restart"}, 120s);
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  for (const auto& id : cluster.ids()) EXPECT_NE(cluster.process_of(id)->pid, before[id]) << id;
  EXPECT_NE(result.out.find("(5 of 5)"), std::string::npos) << result.out;
  load.stop();
  const auto totals = load.totals();
  EXPECT_EQ(totals.unknown, 0u) << "of " << totals.done << ": each is done, or certainly not";
  EXPECT_GT(totals.done, 100u);
  expect_nothing_lost(load);
  EXPECT_TRUE(cluster.stop());
}

TEST(rolling_restart, stops_at_once_when_a_node_is_not_well) {
  local_cluster cluster({.program = program(), .nodes = 3});
  const auto before = cluster.process_of("n1")->pid;
  ASSERT_EQ(cluster.command({"pause", "n3"}).exit_code, 0);
  const auto result = cluster.command({"rolling-restart", "--wait", "1"}, 60s);
  EXPECT_EQ(result.exit_code, 1) << result.out;
  EXPECT_NE(result.err.find("n3 is paused, so no further node is restarted"), std::string::npos)
      << result.err;
  EXPECT_EQ(cluster.process_of("n1")->pid, before);
  ASSERT_EQ(cluster.command({"resume", "n3"}).exit_code, 0);
}

}  // namespace
}  // namespace bulwark::cluster_test
