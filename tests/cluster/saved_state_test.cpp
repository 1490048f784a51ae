// SPDX-License-Identifier: BSD-3-Clause
// Goal: the states of all nodes can be compared and saved while clients write, and a new cluster begins with
// what
//       was saved.
// Method: a real cluster under a checked load; `bulwark hash`, `snapshot save` and `verify`, `up --restore`.
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace bulwark::cluster_test {
namespace {

using load::checked_load;
using load::local_cluster;
using testing::HasSubstr;

TEST(saved_state, states_are_equal_at_one_slot_while_clients_write) {
  local_cluster cluster({.program = program(), .nodes = 3});
  ASSERT_TRUE(cluster.await_all_up(10s)) << cluster.describe();
  checked_load load(modest_load(cluster.endpoints()));
  load.start();
  ASSERT_NO_FATAL_FAILURE(await_more(load, 300));
  const auto busy = cluster.command({"hash"}, 60s);
  EXPECT_EQ(busy.exit_code, 0) << busy.out << busy.err;
  EXPECT_THAT(busy.out, HasSubstr("all states that were told are equal"));
  load.stop();
  ASSERT_EQ(cluster.command({"pause", "n2"}).exit_code, 0);
  const auto partly = cluster.command({"hash"}, 60s);
  EXPECT_EQ(partly.exit_code, 1) << "n2 told nothing: " << partly.out;
  ASSERT_EQ(cluster.command({"resume", "n2"}).exit_code, 0);
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

TEST(saved_state, a_new_cluster_begins_with_it) {
  local_cluster before({.program = program(), .nodes = 3});
  ASSERT_TRUE(before.await_all_up(10s)) << before.describe();
  auto writer = client_of(before.endpoint_of("n1"));
  ASSERT_TRUE(call_until_done(writer, {"SET", "color", "blue"}).done());
  const auto file = (before.directory() / "saved").string();
  const auto saved = before.command({"snapshot", "save", file});
  ASSERT_EQ(saved.exit_code, 0) << saved.err;
  ASSERT_TRUE(call_until_done(writer, {"SET", "color", "red"}).done());
  EXPECT_THAT(before.command({"snapshot", "verify", file}).out, HasSubstr("is whole"));

  local_cluster after({.program = program(), .nodes = 5, .extra = {"--voters", "3", "--restore", file}});
  ASSERT_TRUE(after.await_all_up(10s)) << after.describe();
  for (const auto& id : after.ids()) {
    auto reader = client_of(after.endpoint_of(id));
    EXPECT_EQ(call_until_done(reader, {"GET", "color"}).answer.text, "blue") << id;
  }
  auto other = client_of(after.endpoint_of("n5"));
  EXPECT_TRUE(call_until_done(other, {"SET", "color", "green"}).done());
  EXPECT_EQ(after.command({"hash"}, 60s).exit_code, 0);
  EXPECT_TRUE(after.stop()) << "the cluster did not stop when asked to";
  EXPECT_TRUE(before.stop()) << "the cluster did not stop when asked to";
}

TEST(saved_state, is_restored_into_a_new_directory_only) {
  local_cluster cluster({.program = program(), .nodes = 1});
  auto writer = client_of(cluster.endpoint_of("n1"));
  ASSERT_TRUE(call_until_done(writer, {"SET", "color", "blue"}).done());
  const auto file = (cluster.directory() / "saved").string();
  ASSERT_EQ(cluster.command({"snapshot", "save", file}).exit_code, 0);
  const auto taken = cluster.command({"snapshot", "restore", file});
  EXPECT_NE(taken.exit_code, 0) << "it runs there";

  const load::temporary_directory fresh{"restored"};
  const load::port_block ports;
  const auto in_fresh = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program().string());
    arguments.insert(arguments.end(), {"--dir", fresh.path().string()});
    return load::run(arguments, 60s);
  };
  const auto restored =
      in_fresh({"snapshot", "restore", file, "--nodes", "3", "--base-port", std::to_string(ports.base())});
  EXPECT_EQ(restored.exit_code, 0) << restored.err;
  EXPECT_THAT(restored.out, HasSubstr("3 nodes begin with the state in " + file));
  EXPECT_EQ(in_fresh({"snapshot", "restore", file}).exit_code, 2) << "there is one now";
  const auto up = in_fresh({"up", "-d"});
  ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
  auto reader = client_of({"127.0.0.1", static_cast<std::uint16_t>(ports.base() + 103)});
  EXPECT_EQ(call_until_done(reader, {"GET", "color"}).answer.text, "blue");
  EXPECT_EQ(in_fresh({"down"}).exit_code, 0);
}

TEST(saved_state, a_damaged_one_begins_nothing) {
  local_cluster cluster({.program = program(), .nodes = 1});
  const auto file = (cluster.directory() / "saved").string();
  ASSERT_EQ(cluster.command({"snapshot", "save", file}).exit_code, 0);
  {
    std::fstream bytes{file, std::ios::in | std::ios::out | std::ios::binary};
    bytes.seekp(70);
    bytes.put('\x7f');
  }
  const auto verified = cluster.command({"snapshot", "verify", file});
  EXPECT_EQ(verified.exit_code, 1);
  EXPECT_THAT(verified.err, HasSubstr("the state is not as it was written"));
  EXPECT_THROW(local_cluster({.program = program(), .nodes = 3, .extra = {"--restore", file}}),
               std::runtime_error);
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

}  // namespace
}  // namespace bulwark::cluster_test
