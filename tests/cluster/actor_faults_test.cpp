// SPDX-License-Identifier: BSD-3-Clause
// Goal: whichever actor of a node is killed, its supervisor brings it back, and the node goes on as the same
// process. Method: a real cluster under a checked load; every actor of the leader's and of a follower's tree
// is killed in turn.
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "bulwark/testkit/matchers.hpp"

namespace bulwark::cluster_test {
namespace {

using load::checked_load;
using load::eventually;
using load::local_cluster;

std::uint64_t restarts_of(const std::vector<load::actor_status>& tree, const std::string& path) {
  const auto at = std::find_if(tree.begin(), tree.end(), [&](const auto& each) { return each.path == path; });
  return at == tree.end() ? 0 : at->restarts;
}

/// Kills each actor of one node in turn; each must be back, and the node must serve, before the next is
/// killed.
void kill_each_actor(const local_cluster& cluster, const std::string& node) {
  const auto process = cluster.process_of(node);
  ASSERT_TRUE(process);
  const auto whole = cluster.tree(node);
  ASSERT_TRUE(whole);
  ASSERT_GT(whole->size(), 5U) << "this is no tree of a node";
  auto caller = client_of(cluster.endpoint_of(node));
  for (const auto& victim : *whole) {
    if (victim.path.empty()) continue;  // the root is the process
    const auto before = cluster.tree(node);
    ASSERT_TRUE(before);
    const auto restarts = restarts_of(*before, victim.path);
    const bool accepted = cluster.kill_actor(node, victim.path);
    // Who carries the answer cannot say any more that it was killed.
    ASSERT_TRUE(accepted || victim.path == "control") << node << " refused to kill " << victim.path;
    const bool back = eventually(8s, [&] {
      const auto now = cluster.tree(node);
      return now && now->size() == whole->size() && restarts_of(*now, victim.path) > restarts &&
             std::all_of(now->begin(), now->end(), [](const auto& each) { return each.state == "up"; });
    });
    EXPECT_TRUE(back) << victim.path << " did not come back";
    const auto written = call_until_done(caller, {"SET", "k", victim.path}, 8s);
    EXPECT_TRUE(written.done()) << "after the end of " << victim.path << ": " << written.error;
    const auto after = cluster.process_of(node);
    ASSERT_TRUE(after);
    ASSERT_EQ(after->pid, process->pid) << "the end of " << victim.path << " ended the process\n"
                                        << cluster.log_tail(node);
  }
}

TEST(actor_faults, every_actor_of_a_follower_comes_back) {
  const local_cluster cluster({.program = program(), .nodes = 3});
  checked_load load(modest_load(cluster.endpoints()));
  load.start();
  const auto leader = cluster.await_leader(10s);
  kill_each_actor(cluster, leader == "n1" ? "n2" : "n1");
  load.stop();
  expect_nothing_lost(load);
}

TEST(actor_faults, every_actor_of_the_leader_comes_back) {
  const local_cluster cluster({.program = program(), .nodes = 3});
  checked_load load(modest_load(cluster.endpoints()));
  load.start();
  kill_each_actor(cluster, cluster.await_leader(10s));
  load.stop();
  expect_nothing_lost(load);
}

TEST(actor_faults, a_killed_actor_is_seen_to_end_and_to_come_back) {
  using namespace testkit;
  const local_cluster cluster({.program = program(), .nodes = 3});
  ASSERT_TRUE(cluster.kill_actor("n2", "consensus/replica"));
  EXPECT_THAT(cluster, EventuallySees(InOrder(Crashed("n2/consensus/replica", Reason(exit_kind::killed)),
                                              Started("n2/consensus/replica", Generation(2)),
                                              Restarted("n2/consensus/replica"))));
  EXPECT_THAT(cluster, NoEventsFor("n2/nobody"));
  EXPECT_THAT(cluster.events(), testing::Not(testing::Contains(restarted("n1/consensus/replica"))));
}

TEST(actor_faults, a_log_that_ends_takes_the_replica_with_it) {
  using namespace testkit;
  const local_cluster cluster({.program = program(), .nodes = 3});
  ASSERT_TRUE(cluster.kill_actor("n1", "consensus/log"));
  EXPECT_THAT(cluster,
              EventuallySees(InOrder(Crashed("n1/consensus/log"), Stopped("n1/consensus/replica"),
                                     Restarted("n1/consensus/log"), Restarted("n1/consensus/replica"))));
}

TEST(actor_faults, the_command_line_shows_what_supervisors_did) {
  const local_cluster cluster({.program = program(), .nodes = 3});
  ASSERT_TRUE(cluster.kill_actor("n3", "membership"));
  ASSERT_THAT(cluster, testkit::EventuallySees(testkit::InOrder(testkit::Restarted("n3/membership"))));
  const auto shown = cluster.command({"events", "n3"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, testing::ContainsRegex("n3 .* s ago  restarted     membership  generation 2"));
  EXPECT_THAT(shown.out, testing::Not(testing::ContainsRegex("(^|\n)n[12] "))) << "of one node only";
  const auto few = cluster.command({"events", "n3", "--lines", "2", "-o", "json"});
  EXPECT_EQ(std::ranges::count(few.out, '\n'), 2) << few.out;
  EXPECT_NE(cluster.command({"events", "n9"}).exit_code, 0);
}

TEST(actor_faults, the_command_line_kills_an_actor) {
  const local_cluster cluster({.program = program(), .nodes = 3});
  const auto killed = cluster.command({"kill", "n2/replica"});
  EXPECT_EQ(killed.exit_code, 0) << killed.err;
  EXPECT_NE(cluster.command({"kill", "n2/no-such-actor"}).exit_code, 0);
  EXPECT_TRUE(cluster.await_all_up(10s));
}

}  // namespace
}  // namespace bulwark::cluster_test
