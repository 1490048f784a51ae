// SPDX-License-Identifier: BSD-3-Clause
// Goal: who votes can be changed while clients are served, no request fails of it, and the change outlives
// the
//       processes that made it.
// Method: a real cluster of five, three of which vote, under a checked load; `bulwark member`, and kill -9.
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

namespace bulwark::cluster_test {
namespace {

using load::checked_load;

using load::local_cluster;
using testing::HasSubstr;

load::cluster_options three_of_five() {
  auto options = patient_cluster();
  options.extra.insert(options.extra.end(), {"--voters", "3"});
  return options;
}

void expect_works(const local_cluster& cluster, std::vector<std::string> arguments, const std::string& says) {
  arguments.insert(arguments.begin(), "member");
  const auto result = cluster.command(std::move(arguments), 70s);
  EXPECT_EQ(result.exit_code, 0) << result.err << cluster.describe();
  EXPECT_THAT(result.out, HasSubstr(says));
}

/// The observer does not count on the peer any more.
bool await_silence(const local_cluster& cluster, const std::string& observer, const std::string& peer) {
  return load::eventually(10s, [&] {
    const auto told = cluster.status(observer);
    if (!told) return false;
    for (const auto& one : told->peers)
      if (one.id == peer) return one.state != "up";
    return false;
  });
}

TEST(voters, are_replaced_under_load_and_stay_so_when_all_processes_are_killed) {
  local_cluster cluster(three_of_five());
  ASSERT_TRUE(cluster.await_all_up(10s)) << cluster.describe();
  checked_load load(
      modest_load({cluster.endpoint_of("n3"), cluster.endpoint_of("n4"), cluster.endpoint_of("n5")}));
  load.start();
  ASSERT_NO_FATAL_FAILURE(await_more(load, 300));
  const auto before = load.totals();
  expect_works(cluster, {"list"}, "3 vote: n1 n2 n3 (by slot 0)");
  expect_works(cluster, {"replace", "n1", "n4"}, "3 vote: n2 n3 n4");
  ASSERT_NO_FATAL_FAILURE(await_more(load, 300));
  expect_works(cluster, {"add", "n5"}, "4 vote: n2 n3 n4 n5");
  ASSERT_NO_FATAL_FAILURE(await_more(load, 300));
  expect_works(cluster, {"remove", "n2"}, "3 vote: n3 n4 n5");
  ASSERT_NO_FATAL_FAILURE(await_more(load, 300));
  const auto meanwhile = load.totals() - before;
  EXPECT_EQ(meanwhile.refused, 0U);
  EXPECT_EQ(meanwhile.unknown, 0U);

  // By the settings, these two and n3 vote: nobody needs them any more.
  for (const auto* gone : {"n1", "n2"}) ASSERT_EQ(cluster.command({"pause", gone}).exit_code, 0);
  ASSERT_NO_FATAL_FAILURE(await_more(load, 300));
  for (const auto& id : cluster.ids()) ASSERT_TRUE(cluster.signal(id, SIGKILL)) << id;
  for (const auto* gone : {"n1", "n2"})
    ASSERT_TRUE(load::eventually(20s, [&] {
      return cluster.command({"pause", gone}).exit_code == 0;
    })) << gone;
  ASSERT_NO_FATAL_FAILURE(await_more(load, 300));
  for (const auto* back : {"n1", "n2"}) ASSERT_EQ(cluster.command({"resume", back}).exit_code, 0);
  ASSERT_TRUE(cluster.await_all_up(20s)) << cluster.describe();
  expect_works(cluster, {"list"}, "3 vote: n3 n4 n5");
  load.stop();
  expect_nothing_lost(load);
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

TEST(voters, a_leader_is_removed_once_it_has_handed_over) {
  local_cluster cluster({.program = program(), .nodes = 3});
  ASSERT_TRUE(cluster.await_all_up(10s)) << cluster.describe();
  const auto leader = cluster.await_leader(10s);
  expect_works(cluster, {"remove", leader}, "2 vote:");
  EXPECT_NE(cluster.await_leader(10s, leader), leader);
  const auto status = cluster.command({"status"});
  EXPECT_THAT(status.out, HasSubstr("2 of 2 voters up (2 needed)"));
  expect_works(cluster, {"add", leader}, "3 vote: n1 n2 n3");
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

TEST(voters, one_that_stays_down_is_replaced) {
  local_cluster cluster({.program = program(), .extra = {"--voters", "3", "--replace-after-s", "1"}});
  ASSERT_TRUE(cluster.await_all_up(10s)) << cluster.describe();
  const auto leader = cluster.await_leader(10s);
  ASSERT_EQ(cluster.command({"pause", leader}).exit_code, 0);
  const auto list = [&] { return cluster.command({"member", "list"}).out; };
  ASSERT_TRUE(load::eventually(20s, [&] {
    return list().find("3 vote:") == 0 && list().find(leader + "    voter") == std::string::npos;
  })) << list();
  ASSERT_EQ(cluster.command({"resume", leader}).exit_code, 0);
  ASSERT_TRUE(cluster.await_all_up(10s)) << cluster.describe();
  EXPECT_THAT(list(), HasSubstr(leader + "    outside")) << "it goes on without a vote";
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

TEST(voters, what_would_stop_the_group_is_refused) {
  local_cluster cluster(three_of_five());
  ASSERT_TRUE(cluster.await_all_up(10s)) << cluster.describe();
  const auto leader = cluster.await_leader(10s);
  const std::string one = leader == "n1" ? "n2" : "n1", other = leader == "n3" ? "n2" : "n3";
  ASSERT_EQ(cluster.command({"pause", one}).exit_code, 0);
  ASSERT_TRUE(await_silence(cluster, leader, one));
  const auto unsafe = cluster.command({"member", "remove", other, "--wait", "1"});
  EXPECT_EQ(unsafe.exit_code, 1) << unsafe.out;
  EXPECT_THAT(unsafe.err, HasSubstr("the members were not changed: too few voters reached"));
  ASSERT_EQ(cluster.command({"pause", "n4"}).exit_code, 0);
  ASSERT_TRUE(await_silence(cluster, leader, "n4"));
  const auto silent = cluster.command({"member", "add", "n4", "--wait", "1"});
  EXPECT_EQ(silent.exit_code, 1) << silent.out;
  EXPECT_THAT(silent.err, HasSubstr("the members were not changed: behind"));
  const auto stranger = cluster.command({"member", "add", "n9"});
  EXPECT_EQ(stranger.exit_code, 2);
  EXPECT_THAT(stranger.err, HasSubstr("there is no node \"n9\" in this cluster"));
  for (const auto& paused : {one, std::string{"n4"}})
    ASSERT_EQ(cluster.command({"resume", paused}).exit_code, 0);
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

}  // namespace
}  // namespace bulwark::cluster_test
