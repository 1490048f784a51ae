// SPDX-License-Identifier: BSD-3-Clause
// Goal: each request gets one true answer, wherever the leader is and whatever becomes of it; reads are never
// stale. Method: a replica on the bench, as leader and as follower.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replica_bench.hpp"

namespace bulwark::consensus {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

constexpr ballot under_two{5, node_id{2}};
constexpr ballot under_three{6, node_id{3}};

/// A follower of node 2.
void follow_two(replica_bench& bench) {
  bench.receive(2, prepare{under_two, slot{}});
  bench.sync();
  bench.clear();
}

forward write_of_two(ballot under, std::uint64_t request, std::string payload) {
  return {under, request_kind::write, {node_id{2}, 22, request, std::move(payload)}};
}

TEST(requests, a_follower_forwards_and_passes_the_reply_on) {
  replica_bench bench;
  follow_two(bench);
  bench.step(client_request{1, request_kind::write, "x"});
  EXPECT_THAT(bench.sent_of<forward>(),
              ElementsAre(forward{under_two, request_kind::write, {node_id{1}, 11, 1, "x"}}));
  const forward_reply reply{under_two, 11, 1, outcome::done, "did x"};
  bench.receive(2, reply);
  bench.receive(2, reply);
  ASSERT_THAT(bench.answers, SizeIs(1));
  EXPECT_EQ(bench.answers[0].reply, "did x");
}

TEST(requests, replies_to_another_life_or_attempt_are_ignored) {
  replica_bench bench;
  follow_two(bench);
  bench.step(client_request{1, request_kind::write, "x"});
  bench.receive(2, forward_reply{under_two, 10, 1, outcome::done, "old life"});
  bench.receive(2, forward_reply{{4, node_id{2}}, 11, 1, outcome::not_done, ""});
  bench.receive(3, forward_reply{under_two, 11, 1, outcome::overloaded, ""});
  EXPECT_THAT(bench.answers, IsEmpty());
  EXPECT_THAT(bench.sent_of<forward>(), SizeIs(1));
}

TEST(requests, a_write_certainly_not_done_goes_to_the_next_leader) {
  replica_bench bench;
  follow_two(bench);
  bench.step(client_request{1, request_kind::write, "x"});
  bench.receive(2, forward_reply{under_two, 11, 1, outcome::not_done, ""});
  bench.receive(3, prepare{under_three, slot{}});
  ASSERT_THAT(bench.sent_of<forward>(), SizeIs(2));
  EXPECT_EQ(bench.sent_of<forward>()[1].under, under_three);
  EXPECT_THAT(bench.answers, IsEmpty());
}

TEST(requests, when_the_leader_is_lost_a_write_is_unknown_and_a_read_is_asked_again) {
  replica_bench bench;
  follow_two(bench);
  bench.step(client_request{1, request_kind::write, "x"});
  bench.step(client_request{2, request_kind::read, "q"});
  bench.step(link_state{node_id{2}, false});
  ASSERT_THAT(bench.answers, SizeIs(1));
  EXPECT_EQ(bench.answers[0].request, 1u);
  EXPECT_EQ(bench.answers[0].result, outcome::unknown);
  bench.clear();
  bench.receive(3, prepare{under_three, slot{}});
  ASSERT_THAT(bench.sent_of<forward>(), SizeIs(1));
  EXPECT_EQ(bench.sent_of<forward>()[0].what.request, 2u);
}

TEST(requests, without_a_leader_patience_ends) {
  replica_bench bench;
  bench.step(client_request{1, request_kind::write, "x"});
  bench.pass(999ms);
  EXPECT_THAT(bench.answers, IsEmpty());
  bench.pass(1ms);
  ASSERT_THAT(bench.answers, SizeIs(1));
  EXPECT_EQ(bench.answers[0].result, outcome::no_leader);
}

TEST(requests, a_forward_without_an_answer_is_sent_again_and_unknown_at_its_deadline) {
  replica_bench bench{3, {}, [](replica_options& o) { o.timeout = std::chrono::hours{1}; }};
  follow_two(bench);
  bench.step(client_request{1, request_kind::write, "x"});
  bench.pass(5s);
  ASSERT_THAT(bench.answers, SizeIs(1));
  EXPECT_EQ(bench.answers[0].result, outcome::unknown);
}

TEST(requests, too_many_are_refused) {
  replica_bench bench{3, {}, [](replica_options& o) { o.waiting_commands = 2; }};
  for (std::uint64_t i = 1; i <= 3; ++i) bench.step(client_request{i, request_kind::write, "x"});
  ASSERT_THAT(bench.answers, SizeIs(1));
  EXPECT_EQ(bench.answers[0].request, 3u);
  EXPECT_EQ(bench.answers[0].result, outcome::overloaded);
}

TEST(requests, a_leader_proposes_a_doubled_forward_once) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.receive(2, write_of_two(under, 7, "x"));
  bench.receive(2, write_of_two(under, 7, "x"));
  bench.sync();
  bench.receive(3, accepted{under, slot{2}, slot{9}});
  EXPECT_THAT(bench.applied, SizeIs(1));
  EXPECT_THAT(bench.sent_of<forward_reply>(),
              ElementsAre(forward_reply{under, 22, 7, outcome::done, "did x"}));
  bench.receive(2, write_of_two(under, 7, "x"));
  EXPECT_THAT(bench.sent_of<accept>(), SizeIs(2)) << "not after it is done either";
}

TEST(requests, a_forward_for_another_leadership_is_dropped) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.receive(2, write_of_two({under.round + 1, node_id{1}}, 7, "x"));
  bench.receive(2, write_of_two({under.round - 1, node_id{1}}, 8, "x"));
  EXPECT_THAT(bench.sent, IsEmpty());
}

TEST(requests, a_deposed_leader_says_not_done_only_of_what_it_never_proposed) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.receive(2, write_of_two(under, 7, "proposed"));
  bench.receive(3, prepare{{under.round + 1, node_id{3}}, slot{}});
  EXPECT_THAT(bench.sent_of<forward_reply>(), ElementsAre(forward_reply{under, 22, 7, outcome::unknown, ""}));
  bench.clear();
  bench.receive(2, write_of_two(under, 7, "proposed"));
  EXPECT_THAT(bench.sent_of<forward_reply>(), IsEmpty());
  bench.receive(2, write_of_two(under, 8, "late"));
  EXPECT_THAT(bench.sent_of<forward_reply>(),
              ElementsAre(forward_reply{under, 22, 8, outcome::not_done, ""}));
}

TEST(requests, a_read_waits_for_a_majority_to_confirm) {
  replica_bench bench{5};
  const auto under = bench.become_leader();
  bench.step(client_request{1, request_kind::read, "q"});
  const auto asked = bench.sent_of<confirm>();
  ASSERT_THAT(asked, SizeIs(4));
  bench.receive(2, confirmed{under, asked[0].round});
  bench.receive(2, confirmed{under, asked[0].round});
  EXPECT_THAT(bench.answers, IsEmpty());
  bench.receive(3, confirmed{under, asked[0].round - 1});
  bench.receive(3, confirmed{{under.round + 1, node_id{1}}, asked[0].round});
  EXPECT_THAT(bench.answers, IsEmpty());
  bench.receive(3, confirmed{under, asked[0].round});
  ASSERT_THAT(bench.answers, SizeIs(1));
  EXPECT_EQ(bench.answers[0].reply, "read q");
}

TEST(requests, a_read_that_comes_during_a_round_waits_for_the_next) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.step(client_request{1, request_kind::read, "q1"});
  const auto first = bench.sent_of<confirm>().back().round;
  bench.step(client_request{2, request_kind::read, "q2"});
  bench.receive(2, confirmed{under, first});
  EXPECT_THAT(bench.answers, SizeIs(1));
  bench.receive(2, confirmed{under, first + 1});
  EXPECT_THAT(bench.answers, SizeIs(2));
}

TEST(requests, reads_wait_for_the_barrier_of_a_new_leader) {
  replica_bench bench;
  const auto under = bench.become_candidate();
  bench.sync();
  bench.receive(2, promise{under, {}, 0, 1, {}});
  bench.step(client_request{1, request_kind::read, "q"});
  EXPECT_THAT(bench.sent_of<confirm>(), IsEmpty());
  bench.sync();
  bench.receive(2, accepted{under, slot{1}, slot{1}});
  EXPECT_THAT(bench.sent_of<confirm>(), SizeIs(2));
}

TEST(requests, lost_confirms_are_sent_again) {
  replica_bench bench;
  bench.become_leader();
  bench.step(client_request{1, request_kind::read, "q"});
  bench.clear();
  bench.pass(110ms);
  EXPECT_THAT(bench.sent_of<confirm>(), SizeIs(2));
}

}  // namespace
}  // namespace bulwark::consensus
