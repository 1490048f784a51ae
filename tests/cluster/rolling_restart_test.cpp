// SPDX-License-Identifier: BSD-3-Clause
// Goal: all nodes can be restarted under load, one after the other, and no request fails: a node that
// is about to stop says so, and the next one does what was asked. One can be stopped so for good, and
// what all measure can be read. Method: real clusters under a checked load, and the commands as an operator
// runs them.
#include "support.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace bulwark::cluster_test {
namespace {

using load::checked_load;
using load::local_cluster;

/// A load of clients that know all nodes, and ask the next one where a command was certainly not carried out.
load::load_options load_that_asks_elsewhere(const local_cluster& cluster) {
  auto options = modest_load(cluster.endpoints());
  options.attempts = 200;
  return options;
}

void expect_no_failed_request(const checked_load& load) {
  const auto totals = load.totals();
  EXPECT_EQ(totals.failed(), 0u) << "of " << totals.done << ", with " << totals.retried << " asked elsewhere";
  for (const auto& failure : load.failures()) ADD_FAILURE() << failure;
  ::testing::Test::RecordProperty("retried", static_cast<int>(totals.retried));
}

TEST(rolling_restart, restarts_every_node_and_no_request_fails) {
  local_cluster cluster(patient_cluster());
  std::map<std::string, pid_t> before;
  for (const auto& id : cluster.ids()) before[id] = cluster.process_of(id)->pid;
  checked_load load(load_that_asks_elsewhere(cluster));
  load.start();
  const auto result = cluster.command({"rolling-restart"}, 120s);
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  for (const auto& id : cluster.ids()) EXPECT_NE(cluster.process_of(id)->pid, before[id]) << id;
  EXPECT_NE(result.out.find("(5 of 5)"), std::string::npos) << result.out;
  load.stop();
  expect_no_failed_request(load);
  EXPECT_GT(load.totals().done, 100u);
  EXPECT_GT(load.totals().retried, 0u) << "no node refused anything: nothing was tried";
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

TEST(drain, stops_the_leader_for_good_and_no_request_fails) {
  local_cluster cluster(patient_cluster(3));
  const auto leader = cluster.await_leader(10s);
  checked_load load(load_that_asks_elsewhere(cluster));
  load.start();
  const auto drained = cluster.command({"drain", leader}, 60s);
  EXPECT_EQ(drained.exit_code, 0) << drained.out << drained.err;
  EXPECT_EQ(cluster.process_of(leader)->state, "down");
  EXPECT_NE(cluster.await_leader(10s), leader);
  load.stop();
  expect_no_failed_request(load);
  expect_nothing_lost(load);
  const auto other = leader == "n1" ? "n2" : "n1";
  const auto refused = cluster.command({"drain", other}, 60s);
  EXPECT_EQ(refused.exit_code, 4) << refused.out;
  EXPECT_NE(refused.err.find("2 of the other voters must be up"), std::string::npos) << refused.err;
  ASSERT_EQ(cluster.command({"restart", leader}, 60s).exit_code, 0);
  EXPECT_EQ(cluster.process_of(leader)->state, "up");
}

TEST(metrics, tell_who_leads_and_who_does_not_answer) {
  local_cluster cluster({.program = program(), .nodes = 3});
  const auto leader = cluster.await_leader(10s);
  ASSERT_EQ(cluster.command({"pause", leader == "n1" ? "n2" : "n1"}).exit_code, 0);
  const auto shown = cluster.command({"metrics"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  const auto says = [&](const std::string& line) { return shown.out.find(line) != std::string::npos; };
  EXPECT_TRUE(says("bulwark_paxos_is_leader{node=\"" + leader + "\"} 1\n")) << shown.out;
  EXPECT_TRUE(says(leader == "n1" ? "bulwark_up{node=\"n2\"} 0\n" : "bulwark_up{node=\"n1\"} 0\n"))
      << shown.out;
}

}  // namespace
}  // namespace bulwark::cluster_test
