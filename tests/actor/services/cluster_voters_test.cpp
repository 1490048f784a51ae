// SPDX-License-Identifier: BSD-3-Clause
// Goal: a voter of a group of cluster_nodes that stays down is replaced by a node without a vote. Method:
// four nodes in one process over real loopback connections, of which three vote.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "bulwark/consensus/messages.hpp"
#include "three_nodes.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

class cluster_voters : public three_nodes {
 protected:
  cluster_voters()
      : three_nodes{[this](consensus::cluster_node_options& options) {
                      options.voters = {1, 2, 3};
                      options.peers[4] = {"127.0.0.1", 0};
                      options.replace_after = 100ms;
                      directories = options.directory.parent_path();
                    },
                    false} {}

  [[nodiscard]] consensus::cluster_node_options fourth() {
    consensus::cluster_node_options options;
    options.self = 4;
    options.directory = directories / "4";
    options.voters = {1, 2, 3};
    options.timeout = 4s;
    for (std::uint32_t other = 1; other <= 3; ++other)
      options.peers[other] = {"127.0.0.1", at(other).node->port()};
    return options;
  }
  std::vector<std::uint32_t> voters() {
    return ask<consensus::replica_report>(1, at(1).node->replica(), consensus::get_replica_status{})
        .answer.voters;
  }

  std::filesystem::path directories;
};

TEST_F(cluster_voters, that_stay_down_are_replaced) {
  for (std::uint32_t number = 1; number <= 3; ++number) start(number);
  const node_station spare{fourth()};
  ASSERT_TRUE(
      await([this] { return state_of(1, 3) == member_state::up && state_of(1, 4) == member_state::up; }));
  EXPECT_THAT(voters(), testing::ElementsAre(1, 2, 3));
  stop(3);
  EXPECT_TRUE(await([this] { return voters() == std::vector<std::uint32_t>{1, 2, 4}; }));
}

}  // namespace
}  // namespace bulwark::test
