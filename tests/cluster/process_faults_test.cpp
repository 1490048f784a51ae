// SPDX-License-Identifier: BSD-3-Clause
// Goal: nothing acknowledged is lost and nothing stale is read, whichever processes die or pause.
// Method: real clusters under a checked load, killed with SIGKILL and paused with SIGSTOP.
#include "support.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

namespace bulwark::cluster_test {
namespace {

using load::checked_load;
using load::eventually;
using load::local_cluster;
using load::outcome;
using std::chrono::steady_clock;

TEST(process_faults, a_leader_killed_again_and_again_loses_nothing) {
  local_cluster cluster({.program = program()});
  checked_load load(modest_load(cluster.endpoints()));
  load.start();
  for (int kills = 0; kills < 4; ++kills) {
    const auto leader = cluster.await_leader(10s);
    std::this_thread::sleep_for(1s);  // some writes between two faults
    ASSERT_TRUE(cluster.signal(leader, SIGKILL));
    load.mark_fault(steady_clock::now());
    ASSERT_TRUE(eventually(5s, [&] { return load.write_after_fault().has_value(); }))
        << "no write after " << leader;
  }
  EXPECT_TRUE(cluster.await_all_up(10s)) << cluster.describe();
  load.stop();
  expect_nothing_lost(load);
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

TEST(process_faults, all_nodes_killed_at_once_lose_nothing) {
  local_cluster cluster({.program = program()});
  checked_load load(modest_load(cluster.endpoints()));
  load.start();
  for (int kills = 0; kills < 2; ++kills) {
    std::this_thread::sleep_for(1500ms);  // some writes between two faults
    const auto victims = cluster.processes();
    ASSERT_EQ(victims.size(), cluster.ids().size());
    for (const auto& each : victims)
      ASSERT_TRUE(each.signal(SIGKILL)) << each.id << " was down\n"
                                        << cluster.describe() << cluster.log_tail(each.id);
    load.mark_fault(steady_clock::now());
    ASSERT_TRUE(eventually(10s, [&] { return load.write_after_fault().has_value(); })) << cluster.describe();
    ASSERT_TRUE(cluster.await_all_up(10s)) << cluster.describe();
  }
  load.stop();
  expect_nothing_lost(load);
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

TEST(process_faults, a_majority_serves_and_a_minority_says_that_it_cannot) {
  bare_nodes nodes(5);
  checked_load load(modest_load(nodes.endpoints()));
  load.start();
  auto caller = client_of(nodes.resp(1));
  ASSERT_TRUE(call_until_done(caller, {"SET", "k", "five"}).done());

  nodes.kill(4);
  nodes.kill(5);
  const auto three = call_until_done(caller, {"SET", "k", "three"}, 5s);
  ASSERT_TRUE(three.done()) << "3 of 5: " << three.error;

  nodes.kill(3);
  const auto killed = steady_clock::now();
  const bool told = eventually(2s, [&] {
    return caller.call({"GET", "k"}).error.starts_with("CLUSTERDOWN");
  });
  EXPECT_TRUE(told) << "2 of 5: no CLUSTERDOWN within 2 s";
  EXPECT_LT(steady_clock::now() - killed, 2s);
  EXPECT_TRUE(caller.call({"SET", "k", "two"}).error.starts_with("CLUSTERDOWN"));

  nodes.start(4);
  const auto back = call_until_done(caller, {"GET", "k"}, 10s);
  ASSERT_TRUE(back.done()) << "3 of 5 again: " << back.error;
  EXPECT_EQ(back.answer.text, "three");
  EXPECT_TRUE(call_until_done(caller, {"SET", "k", "again"}, 5s).done());
  load.stop();
  expect_nothing_lost(load);
}

void pause_leaders_and_look_for_stale_reads(std::vector<std::string> extra) {
  local_cluster cluster({.program = program(), .extra = std::move(extra)});
  checked_load load(modest_load(cluster.endpoints()));
  load.start();
  for (int pauses = 0; pauses < 2; ++pauses) {
    const auto old_leader = cluster.await_leader(10s);
    auto at_old_leader = client_of(cluster.endpoint_of(old_leader));
    ASSERT_TRUE(call_until_done(at_old_leader, {"SET", "k", "old"}).done());

    const auto paused = cluster.command({"pause", old_leader});
    ASSERT_EQ(paused.exit_code, 0) << paused.err;
    // This read waits in the paused process' socket and is the first thing that it does when it wakes.
    std::string question;
    load::append_command(question, {"GET", "k"});
    std::size_t sent = 0;
    ASSERT_EQ(at_old_leader.stream().send_all(question, steady_clock::now() + 1s, sent), load::io_result::ok);

    const auto new_leader = cluster.await_leader(10s, old_leader);
    auto elsewhere = client_of(cluster.endpoint_of(new_leader));
    ASSERT_TRUE(call_until_done(elsewhere, {"SET", "k", "new"}, 5s).done());

    ASSERT_EQ(cluster.command({"resume", old_leader}).exit_code, 0);
    std::string answer;
    at_old_leader.stream().receive(answer, steady_clock::now() + 5s);
    EXPECT_EQ(answer.find("old"), std::string::npos) << "the old leader served: " << answer;
    auto fresh = client_of(cluster.endpoint_of(old_leader));
    for (int reads = 0; reads < 50; ++reads) {
      const auto read = fresh.call({"GET", "k"});
      EXPECT_TRUE(!read.done() || read.answer.text == "new") << read.answer.text;
    }
    EXPECT_TRUE(cluster.await_all_up(10s)) << cluster.describe();
  }
  load.stop();
  expect_nothing_lost(load);
  EXPECT_TRUE(cluster.stop()) << "the cluster did not stop when asked to";
}

TEST(process_faults, a_paused_leader_is_replaced_and_serves_nothing_stale_afterwards) {
  pause_leaders_and_look_for_stale_reads({});
}

TEST(process_faults, a_leader_that_is_paused_with_a_lease_serves_nothing_stale_afterwards) {
  pause_leaders_and_look_for_stale_reads({"--lease-ms", "400"});
}

}  // namespace
}  // namespace bulwark::cluster_test
