// SPDX-License-Identifier: BSD-3-Clause
// Goal: all nodes agree on who is a member: one that dies is down for all, and comes back in a later life.
// Method: real processes without a launcher; what each tells on its control socket is awaited.
#include "support.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "bulwark/cluster/control_client.hpp"

namespace bulwark::cluster_test {
namespace {

using load::eventually;
using nlohmann::json;

struct told_member {
  std::string state;
  std::string cause;
  std::uint64_t incarnation = 0;
};

/// What one node says of the members; empty if it does not answer.
json members_told_by(const bare_nodes& nodes, unsigned number) {
  const auto answer = cluster::ask({nodes.data(number), R"({"do":"members"})"}, 1s);
  if (!answer.ok()) return {};
  return json::parse(answer.line, nullptr, false);
}

std::optional<told_member> member_told_by(const bare_nodes& nodes, unsigned teller, unsigned about) {
  const auto told = members_told_by(nodes, teller);
  if (!told.is_object()) return std::nullopt;
  for (const auto& one : told["members"])
    if (one["id"] == "n" + std::to_string(about))
      return told_member{one["state"], one.value("cause", ""), one["incarnation"]};
  return std::nullopt;
}

bool all_say(const bare_nodes& nodes, std::initializer_list<unsigned> tellers, unsigned about,
             const std::string& state) {
  for (const auto teller : tellers) {
    const auto told = member_told_by(nodes, teller, about);
    if (!told || told->state != state) return false;
  }
  return true;
}

bool all_are_up(const bare_nodes& nodes, std::initializer_list<unsigned> all) {
  for (const auto about : all)
    if (!all_say(nodes, all, about, "up")) return false;
  return true;
}

TEST(membership, a_killed_node_is_down_for_all_and_comes_back_in_a_later_life) {
  bare_nodes nodes(3);
  ASSERT_TRUE(eventually(10s, [&] { return all_are_up(nodes, {1, 2, 3}); })) << members_told_by(nodes, 1);
  const auto before = member_told_by(nodes, 1, 3);
  nodes.kill(3);
  ASSERT_TRUE(eventually(10s, [&] {
    return all_say(nodes, {1, 2}, 3, "down");
  })) << members_told_by(nodes, 1);
  EXPECT_EQ(member_told_by(nodes, 1, 3)->cause, "accused");
  EXPECT_EQ(member_told_by(nodes, 2, 3)->incarnation, before->incarnation);
  nodes.start(3);
  ASSERT_TRUE(eventually(10s, [&] { return all_are_up(nodes, {1, 2, 3}); })) << members_told_by(nodes, 1);
  EXPECT_GT(member_told_by(nodes, 3, 3)->incarnation, before->incarnation);
}

TEST(membership, a_node_that_ends_in_order_says_that_it_leaves) {
  bare_nodes nodes(3);
  ASSERT_TRUE(eventually(10s, [&] { return all_are_up(nodes, {1, 2, 3}); })) << members_told_by(nodes, 1);
  EXPECT_EQ(nodes.terminate(2, 10s), 0);
  ASSERT_TRUE(eventually(10s, [&] {
    return all_say(nodes, {1, 3}, 2, "down");
  })) << members_told_by(nodes, 1);
  EXPECT_EQ(member_told_by(nodes, 1, 2)->cause, "left");
}

TEST(membership, a_node_that_stood_still_joins_again_in_a_later_life_of_the_same_process) {
  load::local_cluster cluster({.program = program(), .nodes = 3});
  const auto member = [&](const std::string& id) -> std::optional<told_member> {
    const auto told = json::parse(cluster.command({"members", "-o", "json"}).out, nullptr, false);
    if (!told.is_object()) return std::nullopt;
    for (const auto& one : told["members"])
      if (one["id"] == id) return told_member{one["state"], one.value("cause", ""), one["incarnation"]};
    return std::nullopt;
  };
  const auto is_up = [&] { return cluster.command({"members"}).exit_code == 0; };
  ASSERT_TRUE(eventually(10s, is_up)) << cluster.command({"members"}).out;
  const auto before = member("n3");
  ASSERT_EQ(cluster.command({"pause", "n3"}).exit_code, 0);
  EXPECT_TRUE(eventually(10s, [&] { return member("n3")->state == "down"; }))
      << cluster.command({"members"}).out;
  ASSERT_EQ(cluster.command({"resume", "n3"}).exit_code, 0);
  ASSERT_TRUE(eventually(10s, is_up)) << cluster.command({"members"}).out;
  EXPECT_GT(member("n3")->incarnation, before->incarnation);
  EXPECT_TRUE(cluster.stop());
}

/// What a peer said of itself in its last heartbeat; empty if it said nothing.
std::string status_heard(const bare_nodes& nodes, unsigned by, unsigned peer) {
  const auto answer = cluster::ask({nodes.data(by), R"({"do":"status"})"}, 1s);
  const auto told = json::parse(answer.line, nullptr, false);
  if (!told.is_object()) return {};
  for (const auto& one : told["peers"])
    if (one["id"] == "n" + std::to_string(peer)) return one["status"];
  return {};
}

TEST(membership, a_node_says_that_a_part_restarts_and_that_it_recovers) {
  bare_nodes nodes(3, bare_nodes::cables::direct, {"--voters", "3"});
  const auto hears = [&](const std::string& status) {
    return eventually(30s, [&] { return status_heard(nodes, 1, 2) == status; });
  };
  ASSERT_TRUE(hears("normal")) << nodes.log_of(2);
  // A log that cannot be opened is tried again.
  const auto log = nodes.data(2) / "log", away = nodes.data(2) / "away";
  std::filesystem::rename(log, away);
  std::ofstream{log} << "no log";
  ASSERT_TRUE(cluster::ask({nodes.data(2), R"({"do":"kill","actor":"consensus/log"})"}, 5s).ok());
  EXPECT_TRUE(hears("restarting")) << nodes.log_of(2);
  std::filesystem::remove(log);
  std::filesystem::rename(away, log);
  EXPECT_TRUE(hears("normal")) << nodes.log_of(2);
  nodes.kill(3);
  nodes.kill(2);
  nodes.start(2);
  EXPECT_TRUE(hears("recovering")) << "nobody is there to take it in\n" << nodes.log_of(2);
  nodes.start(3);
  EXPECT_TRUE(hears("normal")) << nodes.log_of(2);
}

}  // namespace
}  // namespace bulwark::cluster_test
