// SPDX-License-Identifier: BSD-3-Clause
// Goal: in a group of more nodes than each needs as observers, nodes watch one another along the rings of the
// view, whoever leads watches all, and a node that dies is down for all although few watched it.
// Method: eight nodes in one process over real loopback connections, of which three vote.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <variant>
#include <vector>

#include "bulwark/consensus/messages.hpp"
#include "bulwark/supervision/heartbeat_monitor.hpp"
#include "three_nodes.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;
using namespace testkit;

constexpr std::uint32_t node_count = 8;
constexpr std::uint32_t learner_min = 4;

class cluster_rings : public several_nodes {
 protected:
  cluster_rings()
      : several_nodes{node_count, [](consensus::cluster_node_options& options) {
                        options.voters = {1, 2, 3};
                      }} {}

  /// Who watches whom by the view that node 1 sees, and by who leads.
  [[nodiscard]] bool is_to_watch(std::uint32_t node, std::uint32_t peer) {
    const auto observers = at(1).node->group()->nodes().observers_of(peer);
    return leads(node) || std::ranges::find(observers, node) != observers.end();
  }
  bool leads(std::uint32_t node) {
    return ask<consensus::replica_report>(node, at(node).node->replica(), consensus::get_replica_status{})
               .answer.role == "leader";
  }
  /// All that live watch whom they are to watch, hear them, and are connected to the others.
  bool all_watch_as_they_should() {
    for (std::uint32_t node = 1; node <= node_count; ++node) {
      if (!has(node)) continue;
      const auto table = ask<peer_table>(node, at(node).node->heartbeats(), get_peers{}).answer;
      for (const auto& one : table.peers)
        if (has(one.peer) && one.state != (is_to_watch(node, one.peer) ? "up" : "connected")) return false;
    }
    return true;
  }
};

/// Voters are left out, since one of them may come to lead at any time.
TEST_F(cluster_rings, are_those_of_the_view_and_a_node_that_dies_is_down_for_all) {
  ASSERT_THAT(seen, all_up());
  EXPECT_TRUE(await([this] { return all_watch_as_they_should(); }));
  std::uint32_t victim = 0;
  std::set<std::uint32_t> bystanders;
  for (auto subject = learner_min; subject <= node_count && bystanders.empty(); ++subject)
    for (auto node = learner_min; node <= node_count; ++node)
      if (node != subject && !is_to_watch(node, subject)) {
        victim = subject;
        bystanders.insert(node);
      }
  ASSERT_THAT(bystanders, testing::Not(testing::IsEmpty()));
  seen.forget();
  crash(victim);
  std::map<std::uint32_t, member_state> members;
  std::vector<std::uint32_t> others;
  for (std::uint32_t node = 1; node <= node_count; ++node) {
    members[node] = node == victim ? member_state::down : member_state::up;
    if (node != victim) others.push_back(node);
  }
  EXPECT_THAT(seen, soon(View(members, others)));
  for (const auto& event : seen.events()) {
    const auto* verdict = std::get_if<peer_change>(&event.what);
    if (!verdict || verdict->peer != victim) continue;
    EXPECT_FALSE(bystanders.contains(event.node)) << event;
  }
  EXPECT_TRUE(await([this] { return all_watch_as_they_should(); })) << "now along the rings of seven";
  start(victim);
  EXPECT_THAT(seen, all_up());
  EXPECT_TRUE(await([this] { return all_watch_as_they_should(); }));
}

}  // namespace
}  // namespace bulwark::test
