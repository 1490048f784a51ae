// SPDX-License-Identifier: BSD-3-Clause
// Goal: what a user does first works: start, look, talk to any node with an ordinary client, stop.
// Method: a real cluster of five processes; the program's own commands, redis-cli, redis-benchmark and
// python3-redis.
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>
#include <nlohmann/json.hpp>

namespace bulwark::cluster_test {
namespace {

using load::local_cluster;
using load::run;
using nlohmann::json;
using ::testing::HasSubstr;

TEST(smoke, any_node_takes_any_command) {
  local_cluster cluster({.program = program()});
  for (const auto& writer : cluster.ids()) {
    auto writing = client_of(cluster.endpoint_of(writer));
    const auto value = "by " + writer;
    const auto written = writing.call({"SET", "key", value});
    ASSERT_TRUE(written.done()) << writer << ": " << written.error;
    for (const auto& reader : cluster.ids()) {
      const auto read = client_of(cluster.endpoint_of(reader)).call({"GET", "key"});
      ASSERT_TRUE(read.done()) << reader << ": " << read.error;
      EXPECT_EQ(read.answer.text, value) << "written at " << writer << ", read at " << reader;
    }
  }
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

TEST(smoke, ordinary_clients_work_at_any_node) {
  const auto redis_cli = find_program("redis-cli");
  const auto redis_benchmark = find_program("redis-benchmark");
  const bool python_redis = run({"/usr/bin/python3", "-c", "import redis"}, 10s).exit_code == 0;
  if (!redis_cli && !redis_benchmark && !python_redis) GTEST_SKIP() << "install redis-tools or python3-redis";
  local_cluster cluster({.program = program()});
  for (const auto& id : cluster.ids()) {
    const auto port = std::to_string(cluster.endpoint_of(id).port);
    if (redis_cli) {
      EXPECT_EQ(run({redis_cli->string(), "-p", port, "set", "greeting", "hello " + id}, 10s).out, "OK\n");
      EXPECT_EQ(run({redis_cli->string(), "-3", "-p", port, "get", "greeting"}, 10s).out,
                "hello " + id + "\n");
    }
    if (python_redis) {
      const auto script =
          "import redis; r = redis.Redis(host='127.0.0.1', port=" + port +
          "); r.set('p', 'x'); assert r.get('p') == b'x'; n = r.incr('n'); assert r.incr('n') == n + 1";
      const auto result = run({"/usr/bin/python3", "-c", script}, 10s);
      EXPECT_EQ(result.exit_code, 0) << result.err;
    }
    if (redis_benchmark) {
      const auto result = run({redis_benchmark->string(), "-p", port, "-t", "ping,set,get,incr,mset", "-c",
                               "50", "-n", "2000", "-P", id == "n1" ? "16" : "1", "-q"},
                              30s);
      EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
      EXPECT_THAT(result.out, HasSubstr("MSET"));
    }
  }
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

TEST(smoke, followers_tell_where_their_leader_serves_clients) {
  local_cluster cluster({.program = program()});
  const auto all_agree = [&] {
    std::string led_from;
    std::vector<std::string> told;
    for (const auto& id : cluster.ids()) {
      const auto here = cluster.endpoint_of(id);
      const auto info = client_of(here).call({"INFO", "replication"}).answer.text;
      const auto address =
          "master_host:" + here.host + "\r\nmaster_port:" + std::to_string(here.port) + "\r\n";
      if (info.find("role:master") != std::string::npos) {
        led_from = address;
      } else {
        told.push_back(info);
      }
    }
    return !led_from.empty() && told.size() == 4 &&
           std::all_of(told.begin(), told.end(),
                       [&](const std::string& info) { return info.find(led_from) != std::string::npos; });
  };
  EXPECT_TRUE(load::eventually(10s, all_agree)) << cluster.describe();
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

TEST(smoke, the_command_line_shows_the_cluster) {
  local_cluster cluster({.program = program()});
  // Just after the start another node may take the lead; then there is none for a moment.
  int leaders = 0;
  json nodes;
  load::eventually(5s, [&] {
    const auto ps = cluster.command({"ps", "-o", "json"});
    EXPECT_EQ(ps.exit_code, 0) << ps.err;
    nodes = json::parse(ps.out, nullptr, false);
    leaders = 0;
    for (const auto& node : nodes)
      leaders += node.is_object() && node.value("role", json()) == "leader" ? 1 : 0;
    return leaders == 1;
  });
  EXPECT_EQ(leaders, 1) << cluster.describe();
  ASSERT_TRUE(nodes.is_array());
  ASSERT_EQ(nodes.size(), 5U);
  for (const auto& node : nodes) {
    for (const auto* field : {"id", "pid", "resp", "listen", "data", "state", "role", "ballot", "chosen",
                              "applied", "restarts", "uptime_s"}) {
      EXPECT_TRUE(node.contains(field)) << field;
    }
    EXPECT_EQ(node.value("state", ""), "up");
  }
  EXPECT_EQ(cluster.command({"status"}).exit_code, 0);
  const auto tree = cluster.command({"tree", "n2"});
  EXPECT_EQ(tree.exit_code, 0) << tree.err;
  EXPECT_THAT(tree.out, HasSubstr("replica"));
  EXPECT_EQ(cluster.command({"kill", "n9"}).exit_code, 2);
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

TEST(smoke, a_detached_cluster_starts_and_goes_without_a_trace) {
  const load::port_block ports;
  const load::temporary_directory directory("bulwark-detached");
  const auto dir = directory.path().string();
  const auto bulwark = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program().string());
    arguments.insert(arguments.end(), {"--dir", dir});
    return run(arguments, 25s);
  };
  const auto up = bulwark({"up", "-d", "--nodes", "3", "--base-port", std::to_string(ports.base())});
  ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
  auto caller = client_of({.host = "127.0.0.1", .port = static_cast<std::uint16_t>(ports.base() + 103)});
  EXPECT_TRUE(caller.call({"SET", "k", "v"}).done()) << "up -d came back before the cluster was ready";
  EXPECT_NE(bulwark({"up", "-d"}).exit_code, 0) << "a second launcher took the same directory";
  const auto ps = json::parse(bulwark({"ps", "-o", "json"}).out, nullptr, false);
  const auto down = bulwark({"down"});
  EXPECT_EQ(down.exit_code, 0) << down.err;
  EXPECT_EQ(bulwark({"ps"}).exit_code, 3);
  ASSERT_TRUE(ps.is_array());
  for (const auto& node : ps) EXPECT_NE(::kill(node.value("pid", 1), 0), 0) << "a node is still there";
}

TEST(smoke, a_node_drains_on_sigterm_and_a_second_process_on_its_data_is_refused) {
  bare_nodes nodes(3);
  auto caller = client_of(nodes.resp(1));
  ASSERT_TRUE(call_until_done(caller, {"SET", "k", "v"}).done());
  auto same_data = nodes.arguments(1);
  for (auto& argument : same_data) {
    if (argument == to_string(nodes.resp(1))) argument = "127.0.0.1:0";
  }
  const auto second = run(same_data, 10s);
  EXPECT_NE(second.exit_code, 0);
  EXPECT_NE(second.exit_code, 124) << "it was not refused";
  EXPECT_EQ(nodes.terminate(2, 10s), 0);
  EXPECT_TRUE(call_until_done(caller, {"SET", "k", "w"}).done());
}

}  // namespace
}  // namespace bulwark::cluster_test
