// SPDX-License-Identifier: BSD-3-Clause
// Goal: every way from a group to another is taken step by step, and the leader never removes itself.
#include "bulwark/cluster/member_plan.hpp"

#include <gtest/gtest.h>

#include "bulwark/cluster/failure.hpp"

namespace bulwark::cluster {
namespace {

using kind = member_goal::kind;
using names = std::vector<std::string>;

/// Five nodes that are up and agree on the group.
cluster_view five_nodes(const names& voters, const names& learners) {
  cluster_view view;
  for (const std::string id : {"n1", "n2", "n3", "n4", "n5"}) {
    node_view node;
    node.id = id;
    node.answered = true;
    node.state = "up";
    node.configured = 7;
    node.voters = voters;
    node.learners = learners;
    view.nodes.push_back(node);
  }
  return view;
}

std::optional<member_step> step(const names& voters, const names& learners, const member_goal& goal) {
  return next_step(five_nodes(voters, learners), "n1", goal);
}

const names three{"n1", "n2", "n3"};

TEST(member_plan, a_node_learns_first_and_votes_then) {
  const member_goal goal{kind::votes, "n4", {}};
  EXPECT_EQ(step(three, {}, goal), (member_step{"add", "n4"}));
  EXPECT_EQ(step(three, {"n4"}, goal), (member_step{"promote", "n4"}));
  EXPECT_EQ(step({"n1", "n2", "n3", "n4"}, {}, goal), std::nullopt);
}

TEST(member_plan, a_learner_stays_one) {
  const member_goal goal{kind::learns, "n4", {}};
  EXPECT_EQ(step(three, {}, goal), (member_step{"add", "n4"}));
  EXPECT_EQ(step(three, {"n4"}, goal), std::nullopt);
}

TEST(member_plan, who_is_out_is_out) {
  EXPECT_EQ(step(three, {}, {kind::is_gone, "n2", {}}), (member_step{"remove", "n2"}));
  EXPECT_EQ(step(three, {"n4"}, {kind::is_gone, "n4", {}}), (member_step{"remove", "n4"}));
  EXPECT_EQ(step(three, {}, {kind::is_gone, "n4", {}}), std::nullopt);
}

TEST(member_plan, a_leader_hands_over_before_it_goes) {
  EXPECT_EQ(step(three, {}, {kind::is_gone, "n1", {}}), (member_step{"move", "n2"}));
  EXPECT_EQ(step(three, {"n4"}, {kind::is_replaced, "n1", "n4"}), (member_step{"move", "n2"}));
}

TEST(member_plan, a_leader_hands_over_to_nobody_who_is_down) {
  auto view = five_nodes({"n1", "n2"}, {});
  view.nodes[1].state = "paused";
  EXPECT_THROW(static_cast<void>(next_step(view, "n1", {kind::is_gone, "n1", {}})), failure);
}

TEST(member_plan, a_replacement_is_one_step_for_who_votes) {
  const member_goal goal{kind::is_replaced, "n2", "n4"};
  EXPECT_EQ(step(three, {}, goal), (member_step{"add", "n4"}));
  EXPECT_EQ(step(three, {"n4"}, goal), (member_step{"replace", "n2", "n4"}));
  EXPECT_EQ(step({"n1", "n3", "n4"}, {}, goal), std::nullopt);
}

TEST(member_plan, a_replacement_that_was_begun_otherwise_is_ended) {
  const member_goal goal{kind::is_replaced, "n2", "n4"};
  EXPECT_EQ(step({"n1", "n2", "n3", "n4"}, {}, goal), (member_step{"remove", "n2"}));
  EXPECT_EQ(step({"n1", "n3"}, {"n4"}, goal), (member_step{"promote", "n4"}));
}

TEST(member_plan, the_newest_word_on_the_group_counts) {
  auto view = five_nodes(three, {});
  view.nodes[3].configured = 9;
  view.nodes[3].voters = {"n3", "n4"};
  EXPECT_EQ(voting_in(view).voters, (names{"n3", "n4"}));
  view.nodes[3].answered = false;
  EXPECT_EQ(voting_in(view).voters, three);
}

}  // namespace
}  // namespace bulwark::cluster
