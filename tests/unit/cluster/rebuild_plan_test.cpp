// SPDX-License-Identifier: BSD-3-Clause
// Goal: a node is rebuilt only if its log is damaged and the others can do without it; and a rebuild that was
// cut
//       off goes on where it was, so that the node becomes again what it was.
#include "bulwark/cluster/rebuild_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "bulwark/cluster/failure.hpp"

namespace bulwark::cluster {
namespace {

const voting_view three_vote{{"n1", "n2", "n3"}, {"n4"}, 7};
const voting_view without_three{{"n1", "n2"}, {"n4"}, 8};

rebuild_situation damaged_node(const std::string& node) {
  rebuild_situation now;
  now.node = node;
  now.group = three_vote;
  now.damaged = true;
  now.folder = "damaged-2";
  return now;
}

cluster_view nodes_up(std::vector<std::string> voters, const std::vector<std::string>& up) {
  cluster_view view;
  for (const auto& id : voters) {
    node_view node;
    node.id = id;
    node.answered = std::find(up.begin(), up.end(), id) != up.end();
    node.state = node.answered ? "up" : "down";
    node.configured = 3;
    node.voters = voters;
    view.nodes.push_back(node);
  }
  return view;
}

/// The code that it fails with; ok if it does not.
exit_code refusal(const std::vector<std::string>& voters, const std::vector<std::string>& up,
                  const std::string& node) {
  try {
    require_quorum_of_others(nodes_up(voters, up), node);
  } catch (const failure& problem) {
    return problem.code();
  }
  return exit_code::ok;
}

TEST(rebuild_plan, what_the_node_was_is_what_it_becomes_again) {
  EXPECT_EQ(rebuild_to_do(damaged_node("n3")), (rebuild_note{"voter", "damaged-2", false}));
  EXPECT_EQ(rebuild_to_do(damaged_node("n4")), (rebuild_note{"learner", "damaged-2", false}));
  EXPECT_EQ(rebuild_to_do(damaged_node("n5")), (rebuild_note{"outside", "damaged-2", false}));
}

TEST(rebuild_plan, a_log_that_is_not_damaged_is_set_aside_by_force_only) {
  auto now = damaged_node("n3");
  now.damaged = false;
  EXPECT_THROW(rebuild_to_do(now), failure);
  now.earlier = rebuild_note{"voter", "damaged-1", true};
  EXPECT_THROW(rebuild_to_do(now), failure) << "that one has ended";
  now.forced = true;
  EXPECT_EQ(rebuild_to_do(now), (rebuild_note{"voter", "damaged-2", false}));
}

TEST(rebuild_plan, one_that_was_cut_off_goes_on) {
  auto now = damaged_node("n3");
  now.group = without_three;
  now.earlier = rebuild_note{"voter", "damaged-1", false};
  EXPECT_EQ(rebuild_to_do(now), *now.earlier) << "before the log was set aside";
  now.damaged = false;
  now.earlier_is_set_aside = true;
  EXPECT_EQ(rebuild_to_do(now), *now.earlier) << "and behind that";
}

TEST(rebuild_plan, a_fresh_log_that_is_damaged_too_goes_aside_too) {
  auto now = damaged_node("n3");
  now.group = without_three;
  now.earlier = rebuild_note{"voter", "damaged-1", false};
  now.earlier_is_set_aside = true;
  EXPECT_EQ(rebuild_to_do(now), (rebuild_note{"voter", "damaged-2", false}));
}

TEST(rebuild_plan, the_others_must_have_a_majority_of_their_own) {
  EXPECT_EQ(refusal({"n1", "n2", "n3"}, {"n1", "n2"}, "n3"), exit_code::ok);
  EXPECT_EQ(refusal({"n1", "n2", "n3"}, {"n1", "n3"}, "n3"), exit_code::no_quorum);
  EXPECT_EQ(refusal({"n1", "n2", "n3", "n4"}, {"n1", "n2"}, "n4"), exit_code::ok);
  EXPECT_EQ(refusal({"n1", "n2", "n3", "n4", "n5"}, {"n1", "n2"}, "n5"), exit_code::no_quorum);
  EXPECT_EQ(refusal({"n1", "n2"}, {"n1"}, "n2"), exit_code::ok);
  EXPECT_EQ(refusal({"n1"}, {"n1"}, "n1"), exit_code::unhealthy);
  EXPECT_EQ(refusal({"n1", "n2"}, {"n1"}, "n9"), exit_code::ok) << "it has no vote that could be missed";
}

/// Nodes n1 to n5, of which the first so many are up, and so many write.
cluster_view writing_to(std::uint32_t accept_votes, std::size_t up) {
  const std::vector<std::string> all{"n1", "n2", "n3", "n4", "n5"};
  auto view = nodes_up(all, {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(up)});
  for (auto& one : view.nodes) {
    one.accept_votes = accept_votes;
    one.prepare_votes = 6 - accept_votes;
  }
  return view;
}

TEST(rebuild_plan, the_others_must_make_the_quorums_that_the_group_chose) {
  EXPECT_NO_THROW(require_quorum_of_others(writing_to(2, 4), "n5")) << "3 of 4 elect a leader";
  EXPECT_NO_THROW(require_quorum_of_others(writing_to(2, 3), "n5"));
  EXPECT_THROW(require_quorum_of_others(writing_to(2, 2), "n5"), failure);
  EXPECT_NO_THROW(require_quorum_of_others(writing_to(4, 4), "n5"));
  EXPECT_THROW(require_quorum_of_others(writing_to(4, 3), "n5"), failure);
}

TEST(rebuild_plan, who_is_drained_must_leave_a_quorum_that_writes_and_one_that_elects) {
  EXPECT_NO_THROW(require_quorum_without(writing_to(2, 5), "n5"));
  EXPECT_THROW(require_quorum_without(writing_to(2, 4), "n4"), failure) << "3 could not elect a leader";
  EXPECT_NO_THROW(require_quorum_without(writing_to(4, 5), "n5"));
  EXPECT_THROW(require_quorum_without(writing_to(4, 4), "n4"), failure) << "3 could not write";
  EXPECT_THROW(require_quorum_without(writing_to(5, 5), "n5"), failure) << "all must write";
}

TEST(rebuild_plan, a_note_is_read_as_it_was_written) {
  const rebuild_note note{"learner", "damaged-20300102T030405Z", true};
  EXPECT_EQ(parse_rebuild_note(to_json_text(note)), note);
}

TEST(rebuild_plan, a_damaged_note_is_refused) {
  for (const auto* text : {"", "[]", "{", R"({"was":"king","set_aside":"d","ended":false})",
                           R"({"was":"voter","set_aside":"","ended":false})",
                           R"({"was":"voter","set_aside":"../n1","ended":false})",
                           R"({"was":"voter","set_aside":"d","ended":1})"})
    EXPECT_THROW(parse_rebuild_note(text), failure) << text;
}

}  // namespace
}  // namespace bulwark::cluster
