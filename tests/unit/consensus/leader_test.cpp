// SPDX-License-Identifier: BSD-3-Clause
// Goal: a leader proposes only what Paxos allows, and says "done" only when it is.
// Method: a replica on the bench; the test plays its peers and its disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replica_bench.hpp"

namespace bulwark::consensus {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

command from_client(std::uint64_t request, std::string payload) {
  return {node_id{1}, 11, request, std::move(payload)};
}

TEST(leader, a_prepare_waits_until_its_own_ballot_is_durable) {
  replica_bench bench;
  const auto under = bench.become_candidate();
  EXPECT_EQ(under, (ballot{1, node_id{1}}));
  EXPECT_THAT(bench.sent_of<prepare>(), IsEmpty());
  EXPECT_THAT(bench.unsynced(), ElementsAre(record{promise_record{under}}));
  bench.pass(150ms);
  EXPECT_THAT(bench.sent_of<prepare>(), IsEmpty()) << "not repeated either";
  bench.sync();
  EXPECT_THAT(bench.sent_of<prepare>(), SizeIs(2));
}

TEST(leader, a_restarted_node_takes_a_ballot_above_its_promise) {
  replica_bench bench{3, {{7, node_id{1}}, slot{}, {}}};
  EXPECT_EQ(bench.become_candidate(), (ballot{8, node_id{1}}));
}

TEST(leader, nothing_is_proposed_before_a_majority_promised_durably) {
  replica_bench bench;
  const auto under = bench.become_candidate();
  bench.receive(2, promise{under, {}, 0, 1, {}});
  EXPECT_THAT(bench.sent_of<accept>(), IsEmpty()) << "its own promise is not durable yet";
  bench.sync();
  EXPECT_THAT(bench.sent_of<accept>(), SizeIs(2));
}

TEST(leader, the_value_of_the_highest_ballot_is_proposed_again_and_holes_are_filled) {
  replica_bench bench{5};
  const auto under = bench.become_candidate();
  bench.sync();
  const ballot older{0, node_id{4}}, newer{0, node_id{5}};
  bench.receive(
      2,
      promise{under, {}, 0, 1, {{slot{1}, newer, one_command("new")}, {slot{3}, older, one_command("far")}}});
  bench.receive(3, promise{under, {}, 0, 1, {{slot{1}, older, one_command("old")}}});
  ASSERT_THAT(bench.sent_of<accept>(), SizeIs(4));
  const auto proposed = bench.sent_of<accept>()[0];
  EXPECT_EQ(proposed.first, slot{1});
  EXPECT_THAT(proposed.values, ElementsAre(one_command("new"), value{}, one_command("far"), value{}));
}

TEST(leader, all_parts_of_a_promise_are_awaited) {
  replica_bench bench;
  const auto under = bench.become_candidate();
  bench.sync();
  const accepted_entry entry{slot{1}, {0, node_id{3}}, one_command("x")};
  bench.receive(2, promise{under, {}, 1, 2, {}});
  bench.receive(2, promise{under, {}, 1, 2, {}});
  EXPECT_THAT(bench.sent_of<accept>(), IsEmpty());
  bench.receive(2, promise{under, {}, 0, 2, {entry}});
  ASSERT_THAT(bench.sent_of<accept>(), SizeIs(2));
  EXPECT_THAT(bench.sent_of<accept>()[0].values, ElementsAre(one_command("x"), value{}));
}

TEST(leader, what_a_promiser_knows_as_chosen_is_learned_first) {
  replica_bench bench;
  const auto under = bench.become_candidate();
  bench.sync();
  bench.receive(2, promise{under, slot{2}, 0, 1, {{slot{3}, {0, node_id{3}}, one_command("c")}}});
  EXPECT_THAT(bench.sent_of<accept>(), IsEmpty());
  bench.receive(2, beat_ack{2, {0, node_id{2}}, under, true, slot{2}});
  EXPECT_THAT(bench.sent_of<learn>(), ElementsAre(learn{slot{1}}));
  bench.receive(2, learned{{{slot{1}, one_command("a")}, {slot{2}, one_command("b")}}, slot{2}});
  ASSERT_THAT(bench.sent_of<accept>(), SizeIs(2));
  EXPECT_EQ(bench.sent_of<accept>()[0].first, slot{3});
}

TEST(leader, a_write_is_answered_once_a_majority_has_it_durably) {
  replica_bench bench{5};
  const auto under = bench.become_leader();
  bench.step(client_request{1, request_kind::write, "x"});
  bench.receive(2, accepted{under, slot{2}, slot{2}});
  bench.receive(2, accepted{under, slot{2}, slot{2}});
  bench.receive(3, accepted{under, slot{2}, slot{2}});
  EXPECT_THAT(bench.answers, IsEmpty()) << "two peers, one of them doubled; its own disk is not done";
  bench.sync();
  ASSERT_THAT(bench.answers, SizeIs(1));
  EXPECT_EQ(bench.answers[0].result, outcome::done);
  EXPECT_EQ(bench.answers[0].reply, "did x");
}

TEST(leader, accepts_of_other_ballots_do_not_count) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.step(client_request{1, request_kind::write, "x"});
  bench.sync();
  bench.receive(2, accepted{{under.round - 1, node_id{1}}, slot{2}, slot{2}});
  bench.receive(2, accepted{{under.round + 1, node_id{1}}, slot{2}, slot{2}});
  EXPECT_THAT(bench.answers, IsEmpty());
}

TEST(leader, promises_of_other_ballots_do_not_count) {
  replica_bench bench;
  const auto under = bench.become_candidate();
  bench.sync();
  bench.receive(2, promise{{under.round - 1, node_id{1}}, {}, 0, 1, {}});
  bench.receive(2, promise{{under.round + 1, node_id{1}}, {}, 0, 1, {}});
  EXPECT_THAT(bench.sent_of<accept>(), IsEmpty());
  bench.receive(2, promise{under, {}, 0, 1, {}});
  EXPECT_THAT(bench.sent_of<accept>(), SizeIs(2));
}

TEST(leader, half_of_an_even_group_is_no_majority) {
  replica_bench bench{4};
  const auto under = bench.become_leader();
  bench.step(client_request{1, request_kind::write, "x"});
  bench.sync();
  bench.receive(2, accepted{under, slot{2}, slot{2}});
  EXPECT_THAT(bench.answers, IsEmpty()) << "two of four";
  bench.receive(4, accepted{under, slot{2}, slot{2}});
  EXPECT_THAT(bench.answers, SizeIs(1));
}

TEST(leader, slots_are_applied_in_order_even_if_chosen_out_of_order) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.step(client_request{1, request_kind::write, "x"});
  bench.step(client_request{2, request_kind::write, "y"});
  bench.sync();
  bench.receive(2, accepted{under, slot{3}, slot{3}});
  EXPECT_THAT(bench.applied, IsEmpty());
  bench.receive(2, accepted{under, slot{2}, slot{2}});
  ASSERT_THAT(bench.applied, SizeIs(2));
  EXPECT_THAT(bench.applied[0].what.commands, ElementsAre(from_client(1, "x")));
  EXPECT_THAT(bench.applied[1].what.commands, ElementsAre(from_client(2, "y")));
}

TEST(leader, what_is_not_acknowledged_is_sent_again_to_who_lacks_it) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.step(client_request{1, request_kind::write, "x"});
  bench.receive(3, accepted{under, slot{2}, slot{2}});
  bench.clear();
  bench.pass(110ms);
  bench.pass(110ms);
  const auto again = bench.sent_of<accept>();
  ASSERT_FALSE(again.empty());
  EXPECT_EQ(again[0].first, slot{2});
  for (const auto& one : bench.sent) {
    const bool to_who_has_it = std::holds_alternative<accept>(one.what) && one.to == node_id{3};
    EXPECT_FALSE(to_who_has_it);
  }
}

TEST(leader, many_waiting_commands_share_slots_and_the_window_bounds_them) {
  replica_bench bench{3, {}, [](replica_options& o) {
                        o.window = 2;
                        o.batch_commands = 3;
                      }};
  const auto under = bench.become_leader();
  for (std::uint64_t i = 1; i <= 10; ++i) bench.step(client_request{i, request_kind::write, "x"});
  EXPECT_EQ(bench.core().status().in_flight, 2u);
  bench.sync();
  bench.receive(2, accepted{under, slot{2}, slot{3}});
  bench.sync();
  bench.receive(2, accepted{under, slot{4}, slot{5}});
  std::vector<std::size_t> sizes;
  for (const auto& one : bench.applied) sizes.push_back(one.what.commands.size());
  EXPECT_THAT(sizes, ElementsAre(1u, 3u, 3u, 3u));
}

TEST(leader, commands_that_come_at_once_share_a_slot) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.step(client_requests{{{1, request_kind::write, "x"}, {2, request_kind::write, "y"}}});
  bench.sync();
  bench.receive(2, accepted{under, slot{2}, slot{2}});
  ASSERT_THAT(bench.applied, SizeIs(1));
  EXPECT_THAT(bench.applied[0].what.commands, ElementsAre(from_client(1, "x"), from_client(2, "y")));
  EXPECT_THAT(bench.answers, SizeIs(2));
}

TEST(leader, commands_gather_behind_two_slots) {
  replica_bench bench;
  const auto under = bench.become_leader();
  for (std::uint64_t i = 1; i <= 10; ++i) bench.step(client_request{i, request_kind::write, "x"});
  EXPECT_EQ(bench.core().status().in_flight, 2u);
  bench.sync();
  bench.receive(2, accepted{under, slot{2}, slot{3}});
  bench.sync();
  bench.receive(2, accepted{under, slot{4}, slot{4}});
  std::vector<std::size_t> sizes;
  for (const auto& one : bench.applied) sizes.push_back(one.what.commands.size());
  EXPECT_THAT(sizes, ElementsAre(1u, 1u, 8u));
}

TEST(leader, a_lost_majority_deposes_at_once_and_tells_the_truth_about_writes) {
  replica_bench bench{3, {}, [](replica_options& o) { o.window = 1; }};
  bench.become_leader();
  bench.step(client_request{1, request_kind::write, "in a slot"});
  bench.step(client_request{2, request_kind::write, "still waiting"});
  bench.step(link_state{node_id{2}, false});
  EXPECT_EQ(bench.core().status().role, replica_role::leader);
  bench.step(link_state{node_id{3}, false});
  EXPECT_EQ(bench.core().status().role, replica_role::follower);
  ASSERT_THAT(bench.answers, SizeIs(1));
  EXPECT_EQ(bench.answers[0].request, 1u);
  EXPECT_EQ(bench.answers[0].result, outcome::unknown);
  bench.pass(1s);
  ASSERT_THAT(bench.answers, SizeIs(2));
  EXPECT_EQ(bench.answers[1].result, outcome::no_leader);
}

TEST(leader, a_higher_ballot_deposes_at_once_and_nothing_is_proposed_after_it) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.step(client_request{1, request_kind::write, "in a slot"});
  bench.clear();
  bench.receive(2, prepare{{under.round + 1, node_id{2}}, slot{1}});
  EXPECT_EQ(bench.core().status().role, replica_role::follower);
  EXPECT_EQ(bench.core().status().in_flight, 0u);
  ASSERT_THAT(bench.answers, SizeIs(1));
  EXPECT_EQ(bench.answers[0].result, outcome::unknown);
  bench.step(client_request{2, request_kind::write, "too late"});
  bench.sync();
  EXPECT_THAT(bench.sent_of<accept>(), IsEmpty());
}

TEST(leader, holds_as_many_forwarded_commands_as_it_may_and_refuses_the_next) {
  replica_bench bench{3, {}, [](replica_options& o) {
                        o.window = 1;
                        o.waiting_commands = 2;
                      }};
  const auto under = bench.become_leader();
  for (std::uint64_t request = 1; request <= 4; ++request)
    bench.receive(2, forward{under, request_kind::write, {node_id{2}, 22, request, "x"}});
  // One is in a slot, two wait.
  ASSERT_THAT(bench.sent_of<forward_reply>(), SizeIs(1));
  EXPECT_EQ(bench.sent_of<forward_reply>()[0].request, 4u);
  EXPECT_EQ(bench.sent_of<forward_reply>()[0].result, outcome::overloaded);
}

TEST(leader, a_disk_that_takes_nothing_deposes) {
  replica_bench bench;
  bench.become_leader();
  bench.step(storage_state{false});
  EXPECT_EQ(bench.core().status().role, replica_role::follower);
  bench.pass(200ms);
  EXPECT_EQ(bench.core().status().role, replica_role::follower);
}

TEST(leader, a_group_of_one_serves_alone) {
  replica_bench bench{1};
  bench.pass(110ms);
  bench.sync();
  bench.sync();
  bench.step(client_request{1, request_kind::write, "x"});
  EXPECT_THAT(bench.answers, IsEmpty());
  bench.sync();
  ASSERT_THAT(bench.answers, SizeIs(1));
  bench.step(client_request{2, request_kind::read, "q"});
  ASSERT_THAT(bench.answers, SizeIs(2));
  EXPECT_EQ(bench.answers[1].reply, "read q");
}

}  // namespace
}  // namespace bulwark::consensus
