// SPDX-License-Identifier: BSD-3-Clause
// Goal: with an accept quorum of its own a group chooses, reads and elects by just as many as it takes: each
// number below is one that the next smaller would break. And of those who could lead, priority decides.
// Method: one replica on the bench, whose peers the test plays.
#include <gtest/gtest.h>

#include <algorithm>

#include "replica_bench.hpp"
#include "roster.hpp"

namespace bulwark::consensus {
namespace {

using namespace std::chrono_literals;

template <std::uint32_t Quorum>
void accept_by(replica_options& options) {
  options.accept_quorum = Quorum;
}

configuration group_of(std::uint32_t voters, std::uint32_t accept_quorum) {
  configuration made;
  for (std::uint32_t i = 1; i <= voters; ++i) made.nodes.push_back({node_id{i}, true, {}});
  made.accept_quorum = accept_quorum;
  return made;
}

TEST(quorums, every_prepare_quorum_meets_every_accept_quorum) {
  for (std::uint32_t voters = 1; voters <= 9; ++voters)
    for (std::uint32_t accept = 0; accept <= voters; ++accept) {
      const auto group = group_of(voters, accept);
      EXPECT_GT(group.accept_votes() + group.prepare_votes(), voters) << to_string(group);
      EXPECT_LE(std::max(group.accept_votes(), group.prepare_votes()), voters) << to_string(group);
      EXPECT_GE(group.prepare_votes(), 1u);
    }
  EXPECT_EQ(group_of(5, 0).accept_votes(), 3u);
  EXPECT_EQ(group_of(4, 0).accept_votes(), 3u);
  EXPECT_EQ(group_of(4, 0).prepare_votes(), 3u);
  EXPECT_EQ(group_of(5, 2).prepare_votes(), 4u);
}

/// Peers 2 .. count + 1 promise.
void promise_by(replica_bench& bench, ballot under, std::uint32_t count) {
  bench.sync();
  for (std::uint32_t i = 2; i < 2 + count; ++i) bench.receive(i, promise{under, {}, 0, 1, {}});
}

/// Of five, of which two accept, four must promise.
struct two_of_five {
  two_of_five() {
    for (std::uint32_t i = 2; i <= 5; ++i) bench.step(link_state{node_id{i}, true});
    for (const auto& one : std::exchange(bench.sent, {}))
      if (const auto* asked = std::get_if<beat>(&one.what))
        bench.receive(number(one.to), beat_ack{asked->round, {0, one.to}, {}, false, {}});
    bench.pass(25ms);
    under = bench.core().status().leader;
  }
  replica_bench bench{5, {}, accept_by<2>};
  ballot under;
};

TEST(quorums, a_leader_needs_more_promises_where_fewer_accept) {
  two_of_five group;
  ASSERT_NE(group.under, ballot{});
  promise_by(group.bench, group.under, 2);
  EXPECT_TRUE(group.bench.sent_of<accept>().empty()) << "it proposes with three promises of five";
  group.bench.receive(4, promise{group.under, {}, 0, 1, {}});
  EXPECT_FALSE(group.bench.sent_of<accept>().empty());
}

TEST(quorums, a_write_is_chosen_by_just_as_many_as_accept) {
  two_of_five group;
  auto& bench = group.bench;
  promise_by(bench, group.under, 3);
  bench.sync();
  EXPECT_EQ(bench.core().status().chosen, slot::none) << "chosen by the leader alone";
  bench.receive(3, accepted{group.under, slot{1}, slot{1}});
  EXPECT_EQ(bench.core().status().chosen, slot{1});
}

TEST(quorums, one_that_reaches_too_few_to_be_elected_does_not_try) {
  replica_bench bench{5, {}, accept_by<2>};
  for (std::uint32_t i = 2; i <= 5; ++i) bench.step(link_state{node_id{i}, i <= 3});
  for (int round = 0; round < 20; ++round) {
    for (const auto& one : std::exchange(bench.sent, {}))
      if (const auto* asked = std::get_if<beat>(&one.what); asked && number(one.to) <= 3)
        bench.receive(number(one.to), beat_ack{asked->round, {0, one.to}, {}, false, {}});
    bench.pass(50ms);
  }
  EXPECT_TRUE(bench.sent_of<prepare>().empty());
  EXPECT_EQ(bench.core().status().leader, ballot{});
}

TEST(quorums, where_all_accept_one_promise_is_enough) {
  replica_bench bench{3, {}, accept_by<3>};
  bench.step(link_state{node_id{2}, true});
  bench.step(link_state{node_id{3}, true});
  for (const auto& one : std::exchange(bench.sent, {}))
    if (const auto* asked = std::get_if<beat>(&one.what))
      bench.receive(number(one.to), beat_ack{asked->round, {0, one.to}, {}, false, {}});
  bench.pass(25ms);
  const auto under = bench.core().status().leader;
  bench.sync();  // its own promise
  ASSERT_FALSE(bench.sent_of<accept>().empty());
  bench.sync();
  bench.receive(2, accepted{under, slot{1}, slot{1}});
  EXPECT_EQ(bench.core().status().chosen, slot::none) << "chosen by two of three";
  bench.receive(3, accepted{under, slot{1}, slot{1}});
  EXPECT_EQ(bench.core().status().chosen, slot{1});
}

TEST(quorums, a_read_is_confirmed_by_as_many_as_accept) {
  roster known{group_of(5, 4), node_id{1}};
  node_set some;
  for (std::size_t i = 0; i < 3; ++i) some.add(i);
  EXPECT_FALSE(known.may_choose(some));
  EXPECT_TRUE(known.may_elect(some));
  EXPECT_FALSE(known.is_quorum(some));
  some.add(3);
  EXPECT_TRUE(known.may_choose(some));
  EXPECT_TRUE(known.is_quorum(some));
}

/// The leader is asked to read, and a peer confirms the round that this began.
void read_confirmed_by(replica_bench& bench, ballot under, std::uint32_t peer) {
  if (bench.sent_of<confirm>().empty()) bench.step(client_request{1, request_kind::read, "x"});
  ASSERT_FALSE(bench.sent_of<confirm>().empty());
  bench.receive(peer, confirmed{under, bench.sent_of<confirm>().back().round});
}

TEST(quorums, a_leader_reads_once_as_many_have_confirmed_as_accept) {
  two_of_five few;
  promise_by(few.bench, few.under, 3);
  few.bench.sync();
  few.bench.receive(3, accepted{few.under, slot{1}, slot{1}});
  read_confirmed_by(few.bench, few.under, 2);
  EXPECT_EQ(few.bench.queries.size(), 1u) << "itself and one other";

  replica_bench all{3, {}, accept_by<3>};
  const auto under = all.become_leader();
  all.receive(3, accepted{under, slot{1}, slot{1}});
  read_confirmed_by(all, under, 2);
  EXPECT_TRUE(all.queries.empty()) << "another may lead with the word of the third";
  read_confirmed_by(all, under, 3);
  EXPECT_EQ(all.queries.size(), 1u);
}

TEST(quorums, more_than_vote_are_refused) {
  auto options = replica_bench::options(3, accept_by<4>);
  EXPECT_EQ(options.validate(), "accept_quorum is 4, expected at most the 3 members, or 0 for a majority");
  EXPECT_EQ(replica_bench::options(3, accept_by<3>).validate(), "");
}

TEST(quorums, stand_in_the_configuration_and_in_no_other_bytes_where_majorities_choose) {
  std::string plain, flexible;
  encode(group_of(3, 0), plain);
  encode(group_of(3, 2), flexible);
  EXPECT_EQ(plain[0], 1);
  EXPECT_EQ(flexible[0], 2);
  EXPECT_EQ(decode_configuration(flexible), group_of(3, 2));
  EXPECT_EQ(decode_configuration(plain), group_of(3, 0));
  for (std::size_t cut = 0; cut < flexible.size(); ++cut)
    EXPECT_EQ(decode_configuration(std::string_view{flexible}.substr(0, cut)), std::nullopt);
  std::string impossible;
  encode(group_of(3, 4), impossible);
  EXPECT_EQ(decode_configuration(impossible), std::nullopt);
}

TEST(quorums, a_change_that_leaves_too_few_to_accept_is_refused) {
  const auto all = group_of(3, 3);
  EXPECT_EQ(plan(all, {1, change_kind::remove, node_id{3}, {}, {}}).result, change_outcome::unsafe);
  EXPECT_EQ(plan(group_of(3, 2), {1, change_kind::remove, node_id{3}, {}, {}}).result,
            change_outcome::changed);
  EXPECT_EQ(plan(all, {1, change_kind::add, node_id{4}, {}, {}}).result, change_outcome::changed);
}

/// When a replica begins an election while peer 2, with this priority, could lead as well and knows more.
duration patience_beside(std::uint8_t peers_priority) {
  replica_bench bench{3, {}, [](replica_options& options) { options.priority = 5; }};
  bench.step(link_state{node_id{2}, true});
  bench.step(link_state{node_id{3}, false});
  for (const auto& one : std::exchange(bench.sent, {}))
    if (const auto* asked = std::get_if<beat>(&one.what); asked && one.to == node_id{2})
      bench.receive(2, beat_ack{asked->round, {0, one.to}, {}, false, slot{9}, peers_priority});
  const auto start = bench.now();
  while (bench.core().status().leader == ballot{} && bench.now() - start < 90ms) bench.pass(100us);
  return bench.now() - start;
}

TEST(quorums, the_one_with_the_highest_priority_goes_first) {
  constexpr auto step = 4ms;  // a rank, at T_interval of 100 ms; the jitter is less
  EXPECT_LT(patience_beside(4), step + 1ms);
  EXPECT_GE(patience_beside(5), step) << "among equals the one goes first that knows more";
  EXPECT_GE(patience_beside(6), step);
}

}  // namespace
}  // namespace bulwark::consensus
