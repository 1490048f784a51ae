// SPDX-License-Identifier: BSD-3-Clause
// Goal: nothing acknowledged is lost when the power of all nodes goes at once, again and again, whatever the
// disks
//       make of what was not synced; and a lost sync would be found.
// Method: three real processes on simulated disks, under clients whose history is recorded; kill -9 of all,
// the
//         cut by a seed, `bulwark log inspect`, a new start, and the linearizability checker in the end.
#include "failing_nodes.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <thread>

namespace bulwark::cluster_test {
namespace {

using power_cut::unsynced;

/// Another one by the environment: BULWARK_SEED.
std::uint64_t seed_of_test() {
  const char* const given = std::getenv("BULWARK_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20;
}

void expect_undamaged(failing_nodes& nodes) {
  for (unsigned number = 1; number <= failing_nodes::count; ++number) {
    const auto found = nodes.inspect(number);
    EXPECT_EQ(found.exit_code, 0) << "n" << number << "\n" << found.out << found.err;
  }
}

TEST(power_cut, of_all_nodes_again_and_again_loses_nothing_acknowledged) {
  const auto seed = seed_of_test();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  failing_nodes nodes;
  recorded_history history({.endpoints = nodes.all().endpoints(), .seed = seed});
  std::size_t undone = 0;
  for (int round = 0; round < 8; ++round) {
    for (unsigned number = 1; number <= failing_nodes::count; ++number)
      nodes.disk(number).control().sync_delay_us = static_cast<std::uint32_t>(random() % 3000);
    ASSERT_TRUE(history.await_more(150, 20s)) << "round " << round;
    // A life that ends without a power cut leaves to the next one what it did not sync.
    const auto restarted = static_cast<unsigned>(1 + random() % failing_nodes::count);
    nodes.all().kill(restarted);
    nodes.all().start(restarted);
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 500));
    const auto report = nodes.cut_power(unsynced::chance, random());
    undone += report.writes + report.names;
    expect_undamaged(nodes);
    ASSERT_TRUE(nodes.start_all()) << "round " << round << "\n" << nodes.all().log_of(1);
  }
  ASSERT_TRUE(history.await_more(150, 20s));
  history.stop();
  EXPECT_TRUE(history.read_all(20s));
  EXPECT_EQ(history.check(), "");
  EXPECT_GT(undone, 0U) << "the cuts undid nothing: they prove nothing";
}

TEST(power_cut, that_takes_what_was_said_to_be_synced_is_found_by_the_checker) {
  failing_nodes nodes;
  recorded_history history({.endpoints = nodes.all().endpoints()});
  ASSERT_TRUE(history.await_more(100, 20s));
  for (unsigned number = 1; number <= failing_nodes::count; ++number) nodes.disk(number).control().lies = 1;
  ASSERT_TRUE(history.await_more(200, 20s));
  nodes.cut_power(unsynced::lost, 1);
  for (unsigned number = 1; number <= failing_nodes::count; ++number) nodes.disk(number).control().lies = 0;
  expect_undamaged(nodes);
  ASSERT_TRUE(nodes.start_all());
  history.stop();
  ASSERT_TRUE(history.read_all(20s));
  EXPECT_NE(history.check(), "") << "acknowledged writes were lost, and nobody noticed";
}

}  // namespace
}  // namespace bulwark::cluster_test
