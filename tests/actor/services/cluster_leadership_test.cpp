// SPDX-License-Identifier: BSD-3-Clause
// Goal: a node that is about to end hands the leadership of its group over first, so that nobody has to find
// out that it is missing. Method: nodes in one process over real loopback connections; in the end of a node,
// a group in which nobody can be elected without it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

#include "bulwark/consensus/messages.hpp"
#include "three_nodes.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

class cluster_leadership : public three_nodes {
 protected:
  using three_nodes::three_nodes;

  consensus::replica_report report(std::uint32_t of) {
    return ask<consensus::replica_report>(of, at(of).node->replica(), consensus::get_replica_status{}).answer;
  }
  /// Who leads by its own word; 0 if nobody does.
  std::uint32_t leader() {
    for (std::uint32_t number = 1; number <= 3; ++number)
      if (has(number) && report(number).role == "leader") return number;
    return 0;
  }
  std::uint32_t await_leader() {
    EXPECT_TRUE(await([this] { return leader() != 0; }));
    return leader();
  }
};

TEST_F(cluster_leadership, is_handed_over_by_a_node_that_drains) {
  ASSERT_THAT(seen, all_up());
  const auto before = await_leader();
  ASSERT_NE(before, 0u);
  at(before).node->drain();
  EXPECT_TRUE(await([&, this] {
    const auto now = leader();
    return now != 0 && now != before;
  })) << "which lives on";
}

/// Two voters: with one of them gone, the other can lead only if it was told to before.
class leadership_of_two : public cluster_leadership {
 protected:
  leadership_of_two()
      : cluster_leadership{[](consensus::cluster_node_options& options) {
                             options.voters = {1, 2};
                             options.timeout = 30s;  // of the hand-over, too
                           },
                           false} {}

  void SetUp() override {
    start(1);
    start(2);
    first = await_leader();
    ASSERT_NE(first, 0u);
    ASSERT_TRUE(await([this] { return report(other()).leader == first; }));
    seen_before = report(other()).elections;
  }
  [[nodiscard]] std::uint32_t other() const { return 3 - first; }
  bool other_has_led() {
    return await([this] { return report(other()).elections > seen_before; });
  }

  std::uint32_t first = 0;
  std::uint64_t seen_before = 0;
};

TEST_F(leadership_of_two, is_handed_over_by_a_node_that_ends) {
  stop(first);
  EXPECT_TRUE(other_has_led());
}

TEST_F(leadership_of_two, is_handed_over_by_a_node_that_ends_as_soon_as_it_drains) {
  at(first).node->drain();
  stop(first);
  EXPECT_TRUE(other_has_led());
}

}  // namespace
}  // namespace bulwark::test
