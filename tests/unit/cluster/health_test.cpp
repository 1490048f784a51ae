// SPDX-License-Identifier: BSD-3-Clause
// Goal: the verdict on a cluster, which monitors act upon by its exit code. Method: a healthy view of five
// nodes, damaged in one way per row.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>

#include "bulwark/cluster/health.hpp"

namespace bulwark::cluster {
namespace {

using testing::HasSubstr;

cluster_view healthy_view() {
  cluster_view view;
  view.cluster = "test";
  view.launched = true;
  for (int i = 1; i <= 5; ++i) {
    node_view node;
    node.id = "n" + std::to_string(i);
    node.state = "up";
    node.answered = true;
    node.role = i == 1 ? "leader" : "follower";
    node.leader = "n1";
    node.quorum = true;
    node.chosen = node.applied = 5000;
    for (int p = 1; p <= 5; ++p)
      if (p != i) node.peers.push_back({"n" + std::to_string(p), "up", 0.2, 10, 0.5, "lag"});
    view.nodes.push_back(node);
  }
  return view;
}

void take_down(cluster_view& view, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    auto& dead = view.nodes[4 - i];
    dead.state = "down";
    dead.answered = false;
    dead.leader.reset();
    for (auto& node : view.nodes)
      for (auto& peer : node.peers)
        if (peer.id == dead.id) peer.state = "down";
  }
}

void choose_quorum(cluster_view& view, std::uint32_t accept_votes) {
  for (auto& node : view.nodes) {
    node.configured = 3;
    node.voters = {"n1", "n2", "n3", "n4", "n5"};
    node.accept_votes = accept_votes;
    node.prepare_votes = 6 - accept_votes;
  }
}

struct row {
  const char* name;
  std::function<void(cluster_view&)> damage;
  exit_code expected;
  const char* problem;  ///< part of the first problem; null for none
};
std::ostream& operator<<(std::ostream& out, const row& r) { return out << r.name; }

class verdicts : public testing::TestWithParam<row> {};

TEST_P(verdicts, are_as_the_table_says) {
  auto view = healthy_view();
  GetParam().damage(view);
  const auto judged = judge(view);
  EXPECT_EQ(judged.code, GetParam().expected) << judged.word;
  if (!GetParam().problem) {
    EXPECT_TRUE(judged.problems.empty()) << judged.problems.front();
    return;
  }
  ASSERT_FALSE(judged.problems.empty());
  EXPECT_THAT(judged.problems.front(), HasSubstr(GetParam().problem));
}

const row rows[] = {
    {"nothing_wrong", [](auto&) {}, exit_code::ok, nullptr},
    {"one_down", [](auto& v) { take_down(v, 1); }, exit_code::unhealthy, "n5 is down"},
    {"two_down", [](auto& v) { take_down(v, 2); }, exit_code::unhealthy, "n4 is down"},
    {"three_down", [](auto& v) { take_down(v, 3); }, exit_code::no_quorum, "only 2 of 5"},
    {"three_down_where_two_write",
     [](auto& v) {
       choose_quorum(v, 2);
       take_down(v, 3);
     },
     exit_code::unhealthy, "n3 is down"},
    {"two_down_where_two_write_and_nobody_leads",
     [](auto& v) {
       choose_quorum(v, 2);
       take_down(v, 2);
       for (auto& n : v.nodes) n.leader.reset();
     },
     exit_code::no_quorum, "only 3 of 5 nodes are up, 4 are needed"},
    {"one_down_where_all_write",
     [](auto& v) {
       choose_quorum(v, 5);
       take_down(v, 1);
     },
     exit_code::no_quorum, "only 4 of 5 nodes are up, 5 are needed"},
    {"one_paused", [](auto& v) { v.nodes[3].state = "paused"; }, exit_code::unhealthy, "n4 is paused"},
    {"one_silent", [](auto& v) { v.nodes[3].answered = false; }, exit_code::unhealthy,
     "n4 runs but does not answer"},
    {"no_leader",
     [](auto& v) {
       for (auto& n : v.nodes) n.leader.reset();
     },
     exit_code::no_quorum, "no node knows a leader"},
    {"no_majority_heard",
     [](auto& v) {
       for (auto& n : v.nodes) n.quorum = false;
     },
     exit_code::no_quorum, "no node hears from a quorum"},
    {"two_leaders", [](auto& v) { v.nodes[2].leader = "n3"; }, exit_code::unhealthy, "n3 follows n3, not n1"},
    {"broken_link", [](auto& v) { v.nodes[2].peers[0].state = "suspect"; }, exit_code::unhealthy,
     "n3 does not hear n1 (suspect)"},
    {"not_watched", [](auto& v) { v.nodes[2].peers[0].state = "connected"; }, exit_code::ok, nullptr},
    {"broken_link_to_one_that_is_not_watched", [](auto& v) { v.nodes[2].peers[0].state = "unconnected"; },
     exit_code::unhealthy, "n3 does not hear n1 (unconnected)"},
    {"small_lag", [](auto& v) { v.nodes[2].applied = 4000; }, exit_code::ok, nullptr},
    {"laggard", [](auto& v) { v.nodes[2].applied = 3999; }, exit_code::unhealthy, "n3 is 1001 slots behind"},
    {"no_launcher", [](auto& v) { v.launched = false; }, exit_code::unhealthy,
     "the launcher does not answer"},
    {"nobody",
     [](auto& v) {
       v.launched = false;
       take_down(v, 5);
     },
     exit_code::unreachable, "does not run"},
};

void find_unusual(cluster_view& view, const std::string& id, std::size_t observers) {
  for (auto& node : view.nodes)
    for (auto& peer : node.peers)
      if (peer.id == id && observers > 0) {
        peer.anomaly = 12.34;
        peer.anomaly_of = "round trip";
        --observers;
      }
}

TEST(unusual_nodes, are_noted_if_half_of_their_observers_say_so) {
  auto view = healthy_view();
  find_unusual(view, "n3", 2);
  const auto judged = judge(view);
  EXPECT_EQ(judged.code, exit_code::ok) << "unusual is no fault";
  EXPECT_EQ(judged.notes, std::vector<std::string>{
                              "n3 behaves unusually: its round trip is far above what it was (score 12.3)"});
  EXPECT_NE(status_text(view, judged, false).find("~ n3 behaves unusually"), std::string::npos);
}

TEST(unusual_nodes, are_noted_by_those_alone_who_watch_them) {
  auto view = healthy_view();
  find_unusual(view, "n3", 1);
  for (const std::size_t bystander : {3, 4})
    for (auto& peer : view.nodes[bystander].peers)
      if (peer.id == "n3") peer.state = "connected";
  EXPECT_EQ(judge(view).notes.size(), 1u) << "one of two observers";
}

TEST(unusual_nodes, are_not_noted_if_one_observer_alone_says_so) {
  auto view = healthy_view();
  find_unusual(view, "n3", 1);
  EXPECT_TRUE(judge(view).notes.empty());
}

INSTANTIATE_TEST_SUITE_P(all, verdicts, testing::ValuesIn(rows),
                         [](const auto& r) { return std::string(r.param.name); });

}  // namespace
}  // namespace bulwark::cluster
