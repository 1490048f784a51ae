// SPDX-License-Identifier: BSD-3-Clause
// Goal: a node that is about to end hands the leadership of its group over first, so that nobody has to find
// out that it is missing. Method: nodes in one process over real loopback connections; in the end of a node,
// a group in which nobody can be elected without it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "bulwark/consensus/core/replica.hpp"
#include "bulwark/consensus/group_member.hpp"
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

/// What a replica answers who is asked to hand its leadership over, one after the other, and the last for
/// ever.
class leader_in_name {
 public:
  explicit leader_in_name(std::vector<consensus::transfer_outcome> answers) : answers_{std::move(answers)} {}
  ~leader_in_name() { kill_now(replica_); }

  /// How often it was asked until that was given up.
  std::size_t asked_within(duration limit) {
    consensus::hand_leadership_over(system_, replica_, limit);
    return *asked_;
  }

 private:
  const std::vector<consensus::transfer_outcome> answers_;
  const std::shared_ptr<std::atomic<std::size_t>> asked_ = std::make_shared<std::atomic<std::size_t>>(0);
  services_config config_;
  caf::actor_system system_{config_};
  const caf::actor replica_ = system_.spawn(
      [answers = answers_](caf::event_based_actor*,
                           std::shared_ptr<std::atomic<std::size_t>> asked) -> caf::behavior {
        return {[=](consensus::transfer_leadership) {
          const auto which = answers[std::min(asked->fetch_add(1), answers.size() - 1)];
          return consensus::transfer_result{static_cast<std::uint8_t>(which), 2};
        }};
      },
      asked_);
};

using enum consensus::transfer_outcome;

TEST(handing_over, is_tried_again_while_the_replica_may_lead) {
  EXPECT_EQ(leader_in_name({timed_out, busy, lost, moved, lost}).asked_within(60s), 4u);
}

TEST(handing_over, is_not_tried_again_where_nobody_can_be_told_to_lead) {
  for (const auto answer : {moved, not_leader, no_member, unreachable})
    EXPECT_EQ(leader_in_name({answer, lost}).asked_within(60s), 1u) << to_string(answer);
}

TEST(handing_over, is_given_up_after_its_time) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_GT(leader_in_name({timed_out}).asked_within(500ms), 1u);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 500ms);
}

}  // namespace
}  // namespace bulwark::test
