// SPDX-License-Identifier: BSD-3-Clause
// Goal: a node with a damaged log does not serve and says where the damage is; `bulwark rebuild` brings it
// back
//       without losing anything acknowledged, also if it is cut off at any moment and begun again.
// Method: real clusters with a launcher, under clients whose history is recorded; a flipped bit in the synced
//         part of a log, or --force; `bulwark hash` in the end.
#include "recorded_history.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

namespace bulwark::cluster_test {
namespace {

using load::eventually;
using load::local_cluster;
using testing::HasSubstr;

std::filesystem::path first_segment(const local_cluster& cluster, const std::string& id) {
  return cluster.directory() / id / "log" / "0000000000000001.log";
}

/// Flips a bit in the middle of what the node has written so far.
void damage(const local_cluster& cluster, const std::string& id) {
  const auto path = first_segment(cluster, id);
  const auto contents = load::file_content(path);
  const auto middle = contents.find_last_not_of('\0') / 2;
  std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
  file.seekp(static_cast<std::streamoff>(middle));
  file.put(static_cast<char>(contents[middle] ^ 4));
}

/// Damages the log of a node that does not lead, while it stands still, and kills it. Returns its name.
std::string damage_a_follower(const local_cluster& cluster) {
  const auto leader = cluster.await_leader(10s);
  const std::string id = leader == "n2" ? "n3" : "n2";
  EXPECT_EQ(cluster.command({"pause", id}).exit_code, 0);
  damage(cluster, id);
  EXPECT_TRUE(cluster.signal(id, SIGKILL));
  return id;
}

void expect_equal_states(const local_cluster& cluster) {
  ASSERT_TRUE(cluster.await_all_up(20s)) << cluster.describe();
  const auto hash = cluster.command({"hash"}, 30s);
  EXPECT_EQ(hash.exit_code, 0) << hash.out << hash.err;
}

void conclude(recorded_history& history) {
  history.stop();
  EXPECT_TRUE(history.read_all(20s));
  EXPECT_EQ(history.check(), "");
}

TEST(rebuild, brings_a_node_with_a_flipped_bit_back) {
  local_cluster cluster({.program = program(), .nodes = 3});
  recorded_history history({.endpoints = cluster.endpoints()});
  ASSERT_TRUE(history.await_more(300, 20s));
  const auto id = damage_a_follower(cluster);
  const auto segment = first_segment(cluster, id).string();
  ASSERT_TRUE(eventually(20s, [&] {
    return cluster.log_tail(id).find(segment + ", offset ") != std::string::npos;
  })) << cluster.log_tail(id);
  auto caller = client_of(cluster.endpoint_of(id));
  EXPECT_FALSE(caller.call({"PING"}).done()) << "it serves";
  EXPECT_EQ(cluster.command({"log", "inspect", id}).exit_code, 1);
  ASSERT_TRUE(history.await_more(100, 20s)) << "the others do not serve";

  const auto rebuilt = cluster.command({"rebuild", id, "-o", "json"}, 90s);
  ASSERT_EQ(rebuilt.exit_code, 0) << rebuilt.out << rebuilt.err << cluster.describe();
  const auto told = nlohmann::json::parse(rebuilt.out);
  EXPECT_EQ(told["is"], "voter");
  EXPECT_EQ(told["voters"].size(), 3U);
  const std::filesystem::path aside = told["set_aside"].get<std::string>();
  EXPECT_TRUE(std::filesystem::exists(aside / "log" / "0000000000000001.log")) << "nothing is deleted";
  ASSERT_TRUE(history.await_more(100, 20s));
  EXPECT_TRUE(call_until_done(caller, {"PING"}).done());
  conclude(history);
  expect_equal_states(cluster);
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

TEST(rebuild, is_safe_when_it_and_the_node_are_killed_at_any_moment) {
  local_cluster cluster({.program = program(), .nodes = 3});
  recorded_history history({.endpoints = cluster.endpoints()});
  ASSERT_TRUE(history.await_more(200, 20s));
  const auto id = damage_a_follower(cluster);
  std::mt19937_64 random{7};
  const std::vector<std::string> line{program().string(), "rebuild", id, "--dir",
                                      cluster.directory().string()};
  for (int cuts = 0; cuts < 8; ++cuts) {
    load::process command{line, cluster.directory() / "rebuild.out"};
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 250));
    if (random() % 2 == 0) cluster.signal(id, SIGKILL);
  }  // it is killed here
  const auto rebuilt = cluster.command({"rebuild", id}, 90s);
  if (rebuilt.exit_code != 0) {
    EXPECT_THAT(rebuilt.err, HasSubstr("is not damaged")) << "else one of them came through";
  }
  ASSERT_TRUE(cluster.await_all_up(20s)) << cluster.describe();
  const auto members = cluster.command({"member", "list"});
  EXPECT_THAT(members.out, HasSubstr("3 vote: n1 n2 n3")) << rebuilt.out << rebuilt.err;
  conclude(history);
  expect_equal_states(cluster);
}

TEST(rebuild, of_one_node_after_the_other_loses_nothing) {
  local_cluster cluster({.program = program(), .nodes = 3});
  recorded_history history({.endpoints = cluster.endpoints()});
  ASSERT_TRUE(history.await_more(100, 20s));
  for (const auto& id : cluster.ids()) {  // the leader among them
    const auto rebuilt = cluster.command({"rebuild", id, "--force"}, 90s);
    ASSERT_EQ(rebuilt.exit_code, 0) << rebuilt.out << rebuilt.err << cluster.describe();
    ASSERT_TRUE(history.await_more(50, 20s));
  }
  conclude(history);
  expect_equal_states(cluster);
}

TEST(rebuild, is_refused_when_it_is_not_needed_or_would_cost_the_majority) {
  local_cluster cluster({.program = program(), .nodes = 3});
  ASSERT_TRUE(cluster.await_all_up(10s)) << cluster.describe();
  const auto whole = cluster.command({"rebuild", "n1"});
  EXPECT_EQ(whole.exit_code, 1);
  EXPECT_THAT(whole.err, HasSubstr("the log of n1 is not damaged"));
  EXPECT_EQ(cluster.command({"rebuild", "n9"}).exit_code, 2);
  ASSERT_EQ(cluster.command({"pause", "n2"}).exit_code, 0);
  const auto costly = cluster.command({"rebuild", "n1", "--force"});
  EXPECT_EQ(costly.exit_code, 4) << costly.out << costly.err;
  EXPECT_THAT(costly.err, HasSubstr("without n1, 2 of the other voters must be up"));
  ASSERT_EQ(cluster.command({"resume", "n2"}).exit_code, 0);
  const auto members = cluster.command({"member", "list"});
  EXPECT_THAT(members.out, HasSubstr("3 vote: n1 n2 n3 (by slot 0)"));
}

}  // namespace
}  // namespace bulwark::cluster_test
