// SPDX-License-Identifier: BSD-3-Clause
// Goal: a cluster whose nodes talk by TLS serves and survives as one without does; nodes without a
// certificate of its authority are kept out, and strangers cost no memory. Method: real clusters, with
// certificates made by the program; nodes of other kinds started beside them; raw sockets that misbehave at
// the peers' port.
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

namespace bulwark::cluster_test {
namespace {

using load::checked_load;
using load::eventually;
using load::io_result;
using load::local_cluster;
using load::run;
using load::tcp_stream;
using nlohmann::json;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

TEST(tls, a_cluster_serves_and_survives_the_death_of_nodes) {
  local_cluster cluster({.program = program(), .nodes = 3, .extra = {"--tls"}});
  checked_load load(modest_load(cluster.endpoints()));
  load.start();
  for (int kills = 0; kills < 3; ++kills) {
    const auto leader = cluster.await_leader(15s);
    await_more(load, 100);
    ASSERT_TRUE(cluster.signal(leader, SIGKILL));
    load.mark_fault(steady_clock::now());
    ASSERT_TRUE(eventually(15s, [&] { return load.write_after_fault().has_value(); }))
        << "no write after " << leader;
    ASSERT_TRUE(cluster.await_all_up(15s)) << cluster.describe();
  }
  load.stop();
  expect_nothing_lost(load);
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

/// What a node of the cluster "cluster-test" needs, made by the program.
std::vector<std::string> certified(const std::filesystem::path& directory, int nodes) {
  const auto made = run({program().string(), "certificate", "make", "--dir", directory.string(), "--nodes",
                         std::to_string(nodes), "--cluster", "cluster-test"},
                        20s);
  EXPECT_EQ(made.exit_code, 0) << made.err;
  return {"--tls-cert", (directory / "{node}.crt").string(), "--tls-key", (directory / "{node}.key").string(),
          "--tls-ca",   (directory / "ca.crt").string()};
}

/// Runs what claims to be node 3, with its command line but for the options of TLS and the directory, until
/// one of the others has logged a line with `told`.
void expect_kept_out(const bare_nodes& nodes, const std::vector<std::string>& instead,
                     const std::string& told) {
  const load::temporary_directory directory("bulwark-impostor");
  auto line = nodes.arguments(3);
  line.erase(std::find(line.begin(), line.end(), "--tls-cert"), line.end());
  line.insert(line.end(), {"--data", (directory.path() / "n3").string()});
  for (auto argument : instead) {
    if (const auto at = argument.find("{node}"); at != std::string::npos) argument.replace(at, 6, "n3");
    line.push_back(argument);
  }
  const load::process impostor(line, directory.path() / "log");
  const auto log = [&] { return load::file_content(directory.path() / "log"); };
  EXPECT_TRUE(eventually(20s, [&] { return log().find("cannot reach n1") != std::string::npos; })) << log();
  EXPECT_TRUE(eventually(20s, [&] { return nodes.log_of(1).find(told) != std::string::npos; }))
      << nodes.log_of(1);
  auto caller = client_of(nodes.resp(3));
  const auto refused = caller.call({"GET", "k"});
  EXPECT_FALSE(refused.done()) << "it reached the others";
  auto served = client_of(nodes.resp(1));
  EXPECT_TRUE(call_until_done(served, {"SET", "k", "served"}).done());
}

TEST(tls, plain_and_foreign_nodes_are_kept_out_and_the_right_one_comes_back) {
  const load::temporary_directory directory("bulwark-certificates");
  bare_nodes nodes(3, bare_nodes::cables::direct, certified(directory.path() / "ours", 3));
  auto caller = client_of(nodes.resp(1));
  ASSERT_TRUE(call_until_done(caller, {"SET", "k", "three"}).done());
  nodes.kill(3);
  ASSERT_TRUE(call_until_done(caller, {"SET", "k", "two"}).done());

  expect_kept_out(nodes, {}, "tls: refused 127.0.0.1: it ");
  expect_kept_out(nodes, certified(directory.path() / "theirs", 3),
                  "tls: refused 127.0.0.1: it refused this node's certificate");

  nodes.start(3);
  auto back = client_of(nodes.resp(3));
  const auto read = call_until_done(back, {"GET", "k"}, 20s);
  ASSERT_TRUE(read.done()) << read.error << nodes.log_of(3);
  EXPECT_EQ(read.answer.text, "served");
}

TEST(tls, a_stranger_at_the_peers_port_costs_no_memory) {
  local_cluster cluster({.program = program(), .nodes = 3, .extra = {"--tls"}});
  checked_load load(modest_load(cluster.endpoints()));
  load.start();
  const auto pid = cluster.process_of("n1").value().pid;
  const auto before = resident_bytes(pid);
  const auto ps = json::parse(cluster.command({"ps", "-o", "json"}).out, nullptr, false);
  ASSERT_TRUE(ps.is_array() && !ps.empty());
  const auto listen = ps.front().value("listen", "");
  const auto port = static_cast<std::uint16_t>(std::stoul(listen.substr(listen.rfind(':') + 1)));
  // What CAF's own protocol begins with: a header, which announces nearly four gigabytes; then some of them.
  std::string announcement("\0\0\0\0\xff\xff\xff\xf0", 8);
  announcement.resize(64, '\0');
  std::vector<tcp_stream> strangers(150);
  for (auto& one : strangers) {
    ASSERT_EQ(one.connect({.host = "127.0.0.1", .port = port}, steady_clock::now() + 5s), io_result::ok);
    std::size_t sent = 0;
    one.send_all(announcement, steady_clock::now() + 1s, sent);
    one.send_all(std::string(1U << 20, 'x'), steady_clock::now() + 200ms, sent);
  }
  await_more(load, 200);
  EXPECT_LT(resident_bytes(pid), before + (128U << 20));
  EXPECT_EQ(cluster.process_of("n1").value().pid, pid) << cluster.log_tail("n1");
  load.stop();
  expect_nothing_lost(load);
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

TEST(tls, files_that_cannot_work_are_told_before_anything_is_done) {
  const load::temporary_directory directory("bulwark-certificates");
  certified(directory.path(), 2);
  const auto file = [&](const char* name) { return (directory.path() / name).string(); };
  const auto node = [&](const std::string& certificate, const std::string& key) {
    return run({program().string(), "node", "--id", "1", "--cluster-id", "cluster-test", "--data", file("n1"),
                "--tls-cert", certificate, "--tls-key", key, "--tls-ca", file("ca.crt")},
               20s);
  };
  const auto other_node = node(file("n2.crt"), file("n2.key"));
  EXPECT_EQ(other_node.exit_code, 2);
  EXPECT_THAT(other_node.err, HasSubstr("expected the name n1.cluster-test"));
  const auto other_key = node(file("n1.crt"), file("n2.key"));
  EXPECT_EQ(other_key.exit_code, 2);
  EXPECT_THAT(other_key.err, HasSubstr("is not that of the certificate"));
  const auto none = node(file("none.crt"), file("n1.key"));
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("cannot read"));

  const auto shown = run({program().string(), "certificate", "show", file("n2.crt"), "-o", "json"}, 20s);
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_EQ(json::parse(shown.out, nullptr, false).value("names", json()), json({"n2.cluster-test"}));
}

}  // namespace
}  // namespace bulwark::cluster_test
