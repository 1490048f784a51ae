// SPDX-License-Identifier: BSD-3-Clause
// Goal: a disk that fails, fills up or gets slow under one node costs nothing that was acknowledged, the
// others go
//       on, and the node is back once its disk is.
// Method: three real processes on simulated disks, under clients whose history is recorded; faults by the
// disks'
//         control pages, and a power cut of all in the end, so that what was not really written is gone.
#include "failing_nodes.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bulwark/cluster/control_client.hpp"

namespace bulwark::cluster_test {
namespace {

using load::eventually;
using power_cut::disk_control;
using power_cut::unsynced;

nlohmann::json status_of(const bare_nodes& nodes, unsigned number) {
  const auto answer = cluster::ask({nodes.data(number), R"({"do":"status"})"}, 1s);
  return nlohmann::json::parse(answer.line, nullptr, false);
}

/// The node takes writes to its disk, and has applied what was chosen when it was first asked.
bool await_well(const bare_nodes& nodes, unsigned number) {
  std::uint64_t goal = 0;
  for (unsigned one = 1; one <= nodes.count(); ++one)
    if (const auto told = status_of(nodes, one); told.is_object())
      goal = std::max(goal, told.value("chosen", std::uint64_t{0}));
  return eventually(30s, [&] {
    const auto told = status_of(nodes, number);
    return told.is_object() && told.value("storage_writable", false) &&
           told.value("applied", std::uint64_t{0}) >= goal;
  });
}

struct bad_disk : testing::Test {
  failing_nodes nodes;
  std::optional<recorded_history> history;

  void load(std::size_t value_bytes = 24) {
    history.emplace(history_options{.endpoints = nodes.all().endpoints(), .value_bytes = value_bytes});
    ASSERT_TRUE(history->await_more(100, 20s));
  }
  unsigned follower() {
    const auto leader = nodes.all().await_leader(20s);
    return leader % failing_nodes::count + 1;
  }
  disk_control& disk_of(unsigned number) { return nodes.disk(number).control(); }

  /// The node fails once by this count, and is back; clients go on.
  void fail_once(unsigned number, std::atomic<std::int64_t>& countdown) {
    const auto before = disk_of(number).failed.load();
    countdown = 3;
    ASSERT_TRUE(eventually(20s, [&] { return disk_of(number).failed.load() > before; })) << "n" << number;
    ASSERT_TRUE(history->await_more(100, 20s));
    ASSERT_TRUE(await_well(nodes.all(), number)) << nodes.all().log_of(number);
  }

  void conclude_with_a_power_cut() {
    nodes.cut_power(unsynced::lost, 1);
    for (unsigned number = 1; number <= failing_nodes::count; ++number) {
      const auto found = nodes.inspect(number);
      EXPECT_EQ(found.exit_code, 0) << "n" << number << "\n" << found.out << found.err;
    }
    ASSERT_TRUE(nodes.start_all());
    history->stop();
    EXPECT_TRUE(history->read_all(20s));
    EXPECT_EQ(history->check(), "");
  }
};

TEST_F(bad_disk, whose_fsync_fails_loses_nothing) {
  load();
  for (int round = 0; round < 2; ++round) {
    for (const auto number : {nodes.all().await_leader(20s), follower()})
      ASSERT_NO_FATAL_FAILURE(fail_once(number, disk_of(number).fail_sync));
  }
  conclude_with_a_power_cut();
}

TEST_F(bad_disk, whose_write_fails_loses_nothing) {
  load();
  for (const auto number : {nodes.all().await_leader(20s), follower()})
    ASSERT_NO_FATAL_FAILURE(fail_once(number, disk_of(number).fail_write));
  conclude_with_a_power_cut();
}

TEST_F(bad_disk, that_gets_slow_holds_up_the_others_for_a_moment_only) {
  load();
  for (const auto number : {nodes.all().await_leader(20s), follower()}) {
    disk_of(number).sync_delay_us = 400'000;
    EXPECT_TRUE(history->await_more(50, 30s)) << "n" << number;
    disk_of(number).sync_delay_us = 0;
    ASSERT_TRUE(await_well(nodes.all(), number)) << nodes.all().log_of(number);
  }
  conclude_with_a_power_cut();
}

TEST_F(bad_disk, that_is_full_stops_its_node_until_there_is_room) {
  load(32u << 10);
  const auto leader = nodes.all().await_leader(20s);
  disk_of(leader).is_full = 1;
  ASSERT_TRUE(eventually(30s, [&] { return disk_of(leader).refused.load() > 0; }));
  ASSERT_TRUE(eventually(30s, [&] {
    const auto told = status_of(nodes.all(), leader);
    return told.is_object() && !told.value("storage_writable", true);
  })) << "it goes on without room for a new segment";
  nodes.all().await_leader(20s, leader);
  ASSERT_TRUE(history->await_more(100, 20s)) << "the others do not serve";
  disk_of(leader).is_full = 0;
  ASSERT_TRUE(await_well(nodes.all(), leader)) << nodes.all().log_of(leader);
  conclude_with_a_power_cut();
}

}  // namespace
}  // namespace bulwark::cluster_test
