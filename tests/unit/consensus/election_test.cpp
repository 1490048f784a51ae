// SPDX-License-Identifier: BSD-3-Clause
// Goal: one leader that reaches a majority, quickly; and nobody disturbs it.
// Method: a replica on the bench; a table of what peers say, and whether it then takes over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replica_bench.hpp"

namespace bulwark::consensus {
namespace {

using namespace std::chrono_literals;

constexpr ballot of_two{5, node_id{2}};

/// What one peer answers to each beat; silent if it does not.
struct peer_answer {
  bool answers = true;
  ballot candidate;
  ballot leader;
  bool content = false;
};

bool leads_after(replica_bench& bench, const std::vector<peer_answer>& peers, duration how_long) {
  for (duration passed{0}; passed < how_long; passed += 5ms) {
    for (const auto& one : std::exchange(bench.sent, {})) {
      const auto* asked = std::get_if<beat>(&one.what);
      if (!asked) continue;
      const auto& peer = peers[number(one.to) - 2];
      if (peer.answers)
        bench.receive(number(one.to), beat_ack{asked->round, peer.candidate, peer.leader, peer.content, {}});
    }
    bench.pass(5ms);
  }
  return bench.core().status().role != replica_role::follower;
}

TEST(election, takes_over_only_if_needed_and_able) {
  const peer_answer silent{false, {}, {}, false};
  const peer_answer lost{true, {0, node_id{3}}, of_two, false};
  const peer_answer content{true, {0, node_id{3}}, of_two, true};
  const peer_answer leading{true, of_two, of_two, true};
  const peer_answer deposed{true, of_two, of_two, false};
  const peer_answer newcomer{true, {0, node_id{2}}, {}, false};
  struct row {
    const char* what;
    std::vector<peer_answer> peers;
    bool takes_over;
  };
  const row table[] = {
      {"nobody answers", {silent, silent}, false},
      {"all are new", {newcomer, newcomer}, true},
      {"a majority is new, one is silent", {newcomer, silent}, true},
      {"there is a content leader", {leading, content}, false},
      {"the leader is reached by a neighbour only", {silent, content}, false},
      {"the leader is gone, and a neighbour knows", {silent, lost}, true},
      {"the leader has lost its majority", {deposed, lost}, true},
      {"the leader has restarted", {{true, {0, node_id{2}}, of_two, false}, lost}, true},
      {"a minority of five is reached", {silent, silent, silent, newcomer}, false},
      {"a bare majority of five is reached", {silent, silent, newcomer, newcomer}, true},
      {"one of five is content", {silent, silent, newcomer, content}, false},
  };
  for (const auto& [what, peers, takes_over] : table) {
    replica_bench bench{static_cast<std::uint32_t>(peers.size() + 1)};
    EXPECT_EQ(leads_after(bench, peers, 1s), takes_over) << what;
  }
}

/// Follows node 2, which has just been heard of, as has node 3; its next round begins at once.
replica_bench a_follower() {
  replica_bench bench;
  const peer_answer leading{true, of_two, of_two, true};
  leads_after(bench, {leading, {true, {0, node_id{3}}, of_two, true}}, 1s);
  bench.sent.clear();
  return bench;
}

TEST(election, who_stood_still_does_not_blame_others_for_it) {
  auto bench = a_follower();
  bench.stand_still(450ms);
  bench.step(tick{});
  EXPECT_EQ(bench.core().status().leader, of_two);
  EXPECT_TRUE(bench.core().status().has_quorum);
  bench.pass(300ms);
  EXPECT_EQ(bench.core().status().leader, of_two);
  bench.pass(250ms);
  EXPECT_EQ(bench.core().status().leader, ballot{}) << "nothing has come since it goes on";
}

TEST(election, a_message_that_comes_before_the_tick_is_no_reason_to_blame_others_either) {
  auto bench = a_follower();
  bench.stand_still(450ms);
  bench.receive(3, beat{77});
  EXPECT_EQ(bench.core().status().leader, of_two);
  bench.stand_still(10ms);
  bench.step(tick{});
  bench.pass(550ms);
  EXPECT_EQ(bench.core().status().leader, ballot{}) << "each moment is discounted once";
}

TEST(election, who_stood_still_for_longer_than_others_wait_starts_over) {
  auto bench = a_follower();
  bench.stand_still(700ms);
  bench.step(tick{});
  EXPECT_EQ(bench.core().status().leader, ballot{});
}

TEST(election, a_tick_that_is_a_little_late_does_not_hide_a_dead_leader) {
  auto bench = a_follower();
  for (int i = 0; i < 25; ++i) {
    bench.stand_still(21ms);
    bench.step(tick{});
  }
  EXPECT_EQ(bench.core().status().leader, ballot{});
}

TEST(election, the_new_ballot_is_above_all_that_were_seen) {
  replica_bench bench;
  const peer_answer highest{true, {0, node_id{2}}, {41, node_id{3}}, false};
  ASSERT_TRUE(leads_after(bench, {highest, {false, {}, {}, false}}, 1s));
  EXPECT_EQ(bench.core().promised(), (ballot{42, node_id{1}}));
}

TEST(election, a_reset_leads_to_a_new_leader_within_milliseconds) {
  replica_bench bench;
  const peer_answer leading{true, of_two, of_two, true};
  ASSERT_FALSE(leads_after(bench, {leading, {true, {0, node_id{3}}, of_two, true}}, 1s));
  bench.sent.clear();
  bench.step(link_state{node_id{2}, false});
  EXPECT_TRUE(leads_after(bench, {{false, {}, {}, false}, {true, {0, node_id{3}}, of_two, false}}, 25ms));
}

TEST(election, silence_counts_after_interval_and_timeout) {
  replica_bench bench;
  const std::vector<peer_answer> steady{{true, of_two, of_two, true}, {true, {0, node_id{3}}, of_two, true}};
  ASSERT_FALSE(leads_after(bench, steady, 1s));
  const std::vector<peer_answer> gone{{false, {}, {}, false}, {true, {0, node_id{3}}, of_two, false}};
  EXPECT_FALSE(leads_after(bench, gone, 400ms));
  EXPECT_TRUE(leads_after(bench, gone, 400ms));
}

TEST(election, an_answer_shows_that_a_link_is_not_lost) {
  replica_bench bench;
  bench.step(link_state{node_id{2}, false});
  bench.step(link_state{node_id{3}, false});
  EXPECT_FALSE(bench.core().status().has_quorum);
  const peer_answer newcomer{true, {0, node_id{2}}, {}, false};
  leads_after(bench, {newcomer, newcomer}, 300ms);
  EXPECT_TRUE(bench.core().status().has_quorum);
}

TEST(election, a_leader_steps_down_for_a_rival_that_others_follow) {
  replica_bench bench;
  const auto own = bench.become_leader();
  const ballot rival{own.round + 1, node_id{3}};
  leads_after(bench, {{true, {0, node_id{2}}, rival, true}, {true, rival, rival, true}}, 150ms);
  EXPECT_EQ(bench.core().status().role, replica_role::follower);
  EXPECT_EQ(bench.core().status().leader, rival);
}

TEST(election, a_leader_outbids_a_promise_that_nobody_leads_with) {
  replica_bench bench;
  const auto own = bench.become_leader();
  bench.receive(3, refused{own, {own.round + 4, node_id{3}}});
  EXPECT_EQ(bench.core().status().leader, (ballot{own.round + 5, node_id{1}}));
}

TEST(election, replay_comes_before_leading) {
  replica_bench bench{3, {{3, node_id{1}}, slot{2}, {}}};
  const peer_answer newcomer{true, {0, node_id{2}}, {}, false};
  EXPECT_FALSE(leads_after(bench, {newcomer, newcomer}, 1s));
  EXPECT_TRUE(bench.unsynced().empty()) << "nor does it ask for promises";
  bench.step(fetched{node_id{1}, {{slot{1}, value{}}, {slot{2}, value{}}}});
  EXPECT_TRUE(leads_after(bench, {newcomer, newcomer}, 300ms));
}

TEST(options, what_cannot_work_is_named) {
  struct row {
    void (*change)(replica_options&);
    const char* error;
  };
  const row table[] = {
      {[](replica_options&) {}, ""},
      {[](replica_options& o) { o.members.clear(); }, "members is empty, expected at least self"},
      {[](replica_options& o) { o.self = node_id{9}; }, "self, n9, is not among the members"},
      {[](replica_options& o) { o.members.push_back(node_id{2}); }, "member n2 stands twice"},
      {[](replica_options& o) { o.members.push_back(node_id::none); },
       "a member has the id 0, which means no node"},
      {[](replica_options& o) { o.window = 0; }, "window is 0, expected at least 1"},
      {[](replica_options& o) { o.interval = {}; }, "interval is not a positive time"},
  };
  for (const auto& [change, error] : table) EXPECT_EQ(replica_bench::options(3, change).validate(), error);
}

}  // namespace
}  // namespace bulwark::consensus
