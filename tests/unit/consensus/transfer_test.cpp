// SPDX-License-Identifier: BSD-3-Clause
// Goal: leadership moves when it is asked to, waits for what is in flight, comes back if nobody takes it, and
//       no request is in doubt over it.
// Method: a replica on the bench, as the leader that hands over, as the target, and as a bystander.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replica_bench.hpp"

namespace bulwark::consensus {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

constexpr ballot led_by_two{5, node_id{2}};
constexpr ballot led_by_three{6, node_id{3}};

auto ends_with(transfer_outcome result) { return ElementsAre(Field(&transferred::result, result)); }

/// A peer says how far it is.
void tell_chosen(replica_bench& bench, std::uint64_t chosen, std::uint32_t peer = 2) {
  std::uint64_t round = 0;
  for (const auto& one : bench.sent)
    if (const auto* asked = std::get_if<beat>(&one.what)) round = asked->round;
  const auto leader = bench.core().status().leader;
  bench.receive(peer, beat_ack{round, {0, node_id{peer}}, leader, true, slot{chosen}});
}

/// Node 1 follows node 2, of which it has accepted slot 1.
void follow_two_with_a_slot(replica_bench& bench) {
  bench.step(link_state{node_id{2}, true});
  bench.receive(2, beat_ack{1, led_by_two, led_by_two, true, slot{}});
  bench.receive(3, beat_ack{1, {0, node_id{3}}, led_by_two, true, slot{}});
  bench.receive(2, accept{led_by_two, slot{1}, {one_command("x")}, slot{}});
  bench.sync();
  bench.clear();
  ASSERT_EQ(bench.core().status().leader, led_by_two);
}

TEST(transfer, the_target_is_asked_once_it_knows_all_that_is_chosen) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.step(transfer{1, node_id{2}});
  EXPECT_THAT(bench.sent_of<chosen_up_to>(), ElementsAre(chosen_up_to{under, slot{1}}));
  EXPECT_THAT(bench.sent_of<take_over>(), IsEmpty());
  tell_chosen(bench, 1);
  EXPECT_THAT(bench.sent_of<take_over>(), ElementsAre(take_over{under, slot{1}}));
  EXPECT_THAT(bench.transfers, IsEmpty());
  bench.receive(2, prepare{{under.round + 1, node_id{2}}, slot{1}});
  EXPECT_THAT(bench.transfers, ends_with(transfer_outcome::moved));
  EXPECT_EQ(bench.transfers[0].leader, node_id{2});
}

TEST(transfer, what_is_in_flight_comes_first) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.step(client_request{1, request_kind::write, "x"});
  bench.step(transfer{2, node_id{2}});
  tell_chosen(bench, 1);
  EXPECT_THAT(bench.sent_of<take_over>(), IsEmpty());
  bench.sync();
  bench.receive(2, accepted{under, slot{2}, slot{2}});
  EXPECT_THAT(bench.answers, ElementsAre(Field(&answer::result, outcome::done)));
  EXPECT_THAT(bench.sent_of<take_over>(), IsEmpty());
  tell_chosen(bench, 2);
  EXPECT_THAT(bench.sent_of<take_over>(), ElementsAre(take_over{under, slot{2}}));
}

TEST(transfer, requests_wait_and_then_go_to_the_new_leader) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.step(transfer{1, node_id{2}});
  bench.step(client_request{2, request_kind::write, "x"});
  bench.receive(2, forward{under, request_kind::write, {node_id{2}, 22, 1, "y"}});
  EXPECT_THAT(bench.sent_of<accept>(), IsEmpty());
  EXPECT_EQ(bench.core().status().in_flight, 0U);
  const ballot higher{under.round + 1, node_id{2}};
  bench.receive(2, prepare{higher, slot{1}});
  EXPECT_THAT(bench.answers, IsEmpty());
  EXPECT_THAT(bench.sent_of<forward>(),
              ElementsAre(forward{higher, request_kind::write, {node_id{1}, 11, 2, "x"}}));
  EXPECT_THAT(bench.sent_of<forward_reply>(),
              ElementsAre(forward_reply{under, 22, 1, outcome::not_done, ""}));
}

/// Node 3 says that it has promised this ballot, and that it does not hear its leader yet.
void tell_promise(replica_bench& bench, ballot promised) {
  std::uint64_t round = 0;
  for (const auto& one : bench.sent)
    if (const auto* asked = std::get_if<beat>(&one.what)) round = asked->round;
  bench.receive(3, beat_ack{round, {0, node_id{3}}, promised, false, slot{1}});
}

/// It asks for promises, which it has not done since it became leader.
bool has_begun_anew(replica_bench& bench) {
  bench.sync();
  return !bench.sent_of<prepare>().empty();
}

TEST(transfer, the_targets_ballot_is_not_outbid_if_others_tell_of_it_first) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.pass(100ms);
  bench.step(transfer{1, node_id{2}});
  tell_chosen(bench, 1);
  for (int i = 0; i < 2; ++i) {
    tell_promise(bench, {under.round + 1, node_id{2}});
    bench.pass(100ms);
    bench.pass(20ms);
  }
  EXPECT_FALSE(has_begun_anew(bench));
  EXPECT_NE(bench.core().status().role, replica_role::leader);
  bench.receive(2, prepare{{under.round + 1, node_id{2}}, slot{1}});
  EXPECT_THAT(bench.transfers, ends_with(transfer_outcome::moved));
}

TEST(transfer, a_ballot_is_outbid_if_its_owner_was_not_asked_to_take_over) {
  for (const bool asked : {false, true}) {
    replica_bench bench;
    const auto under = bench.become_leader();
    bench.pass(100ms);
    bench.step(transfer{1, node_id{2}});
    if (asked) tell_chosen(bench, 1);
    const auto promised = ballot{under.round + 1, node_id{asked ? 3u : 2u}};
    tell_promise(bench, promised);
    EXPECT_TRUE(has_begun_anew(bench)) << asked << ": what is in flight would be in doubt";
  }
}

TEST(transfer, who_gave_way_to_a_target_that_is_gone_leads_again) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.pass(100ms);
  bench.step(transfer{1, node_id{2}});
  tell_chosen(bench, 1);
  tell_promise(bench, {under.round + 1, node_id{2}});
  bench.step(link_state{node_id{2}, false});
  EXPECT_THAT(bench.transfers, ends_with(transfer_outcome::unreachable));
  for (int i = 0; i < 3; ++i) {
    bench.pass(100ms);
    tell_promise(bench, {under.round + 1, node_id{2}});
  }
  EXPECT_TRUE(has_begun_anew(bench));
}

TEST(transfer, the_leader_goes_on_if_nobody_takes_over) {
  replica_bench bench;
  bench.become_leader();
  bench.step(transfer{1, node_id{2}});
  bench.step(client_request{2, request_kind::write, "x"});
  const auto end = bench.now() + 500ms;
  for (; bench.now() < end; bench.pass(100ms)) {
    EXPECT_THAT(bench.transfers, IsEmpty());
    EXPECT_THAT(bench.sent_of<accept>(), IsEmpty());
    tell_chosen(bench, 1);
  }
  EXPECT_THAT(bench.transfers, ends_with(transfer_outcome::timed_out));
  EXPECT_THAT(bench.sent_of<accept>(), SizeIs(2)) << "to both peers";
}

TEST(transfer, the_request_to_take_over_is_repeated_once_per_interval) {
  replica_bench bench;
  bench.become_leader();
  bench.step(transfer{1, node_id{2}});
  tell_chosen(bench, 1);
  tell_chosen(bench, 1);
  EXPECT_THAT(bench.sent_of<take_over>(), SizeIs(1));
  bench.pass(100ms);
  tell_chosen(bench, 1);
  EXPECT_THAT(bench.sent_of<take_over>(), SizeIs(2));
}

TEST(transfer, what_cannot_be_done_is_refused_at_once) {
  struct {
    node_id to;
    transfer_outcome result;
  } const rows[] = {{node_id{9}, transfer_outcome::no_member},
                    {node_id{1}, transfer_outcome::moved},
                    {node_id{5}, transfer_outcome::unreachable}};
  for (const auto& row : rows) {
    replica_bench bench{5};
    bench.become_leader();
    bench.step(link_state{node_id{5}, false});
    bench.step(transfer{1, row.to});
    EXPECT_THAT(bench.transfers, ends_with(row.result)) << to_string(row.to);
  }
  replica_bench bench;
  bench.step(transfer{1, node_id{2}});
  EXPECT_THAT(bench.transfers, ends_with(transfer_outcome::not_leader));
}

TEST(transfer, a_second_one_is_refused_while_the_first_runs) {
  replica_bench bench;
  bench.become_leader();
  bench.step(transfer{1, node_id{2}});
  bench.step(transfer{2, node_id{3}});
  EXPECT_THAT(bench.transfers, ends_with(transfer_outcome::busy));
}

TEST(transfer, without_a_wish_it_goes_to_whoever_knows_most) {
  replica_bench bench;
  bench.become_leader();
  bench.pass(100ms);
  tell_chosen(bench, 0, 2);
  tell_chosen(bench, 1, 3);
  bench.step(transfer{1, node_id::none});
  EXPECT_THAT(bench.sent_of<take_over>(), SizeIs(1));
  EXPECT_EQ(bench.sent.back().to, node_id{3});
}

TEST(transfer, without_a_wish_it_does_not_go_to_who_is_not_heard) {
  replica_bench bench{5};
  bench.become_leader();
  bench.pass(100ms);
  tell_chosen(bench, 0, 2);
  tell_chosen(bench, 0, 3);
  tell_chosen(bench, 1, 4);
  bench.step(link_state{node_id{4}, true});
  bench.step(link_state{node_id{4}, false});
  bench.step(transfer{1, node_id::none});
  tell_chosen(bench, 1, 2);
  tell_chosen(bench, 1, 3);
  EXPECT_THAT(bench.sent_of<take_over>(), SizeIs(1));
  EXPECT_THAT(bench.sent.back().to, testing::AnyOf(node_id{2}, node_id{3}));
}

TEST(transfer, the_target_takes_over_at_once_with_a_higher_ballot) {
  replica_bench bench;
  follow_two_with_a_slot(bench);
  bench.receive(2, take_over{led_by_two, slot{1}});
  const auto status = bench.core().status();
  EXPECT_EQ(status.role, replica_role::candidate);
  EXPECT_GT(status.leader, led_by_two);
  EXPECT_EQ(status.chosen, slot{1}) << "the hint carries the watermark";
}

TEST(transfer, a_hint_that_does_not_fit_is_ignored) {
  struct {
    const char* what;
    std::uint32_t from;
    take_over hint;
  } const rows[] = {{"of an earlier leadership", 2, {{4, node_id{2}}, slot{1}}},
                    {"not from the leader", 3, {led_by_two, slot{1}}},
                    {"ahead of what is known here", 2, {led_by_two, slot{2}}},
                    {"late: the leader has gone on since", 2, {led_by_two, slot{}}}};
  for (const auto& row : rows) {
    replica_bench bench;
    follow_two_with_a_slot(bench);
    bench.receive(row.from, row.hint);
    EXPECT_EQ(bench.core().status().leader, led_by_two) << row.what;
  }
}

TEST(transfer, a_doubled_hint_moves_leadership_once) {
  replica_bench bench;
  follow_two_with_a_slot(bench);
  bench.receive(2, take_over{led_by_two, slot{1}});
  const auto first = bench.core().status().leader;
  bench.receive(2, take_over{led_by_two, slot{1}});
  EXPECT_EQ(bench.core().status().leader, first);
}

TEST(transfer, a_bystander_awaits_the_old_leaders_word_on_its_write) {
  replica_bench bench;
  follow_two_with_a_slot(bench);
  bench.step(client_request{1, request_kind::write, "x"});
  bench.receive(3, prepare{led_by_three, slot{}});
  EXPECT_THAT(bench.answers, IsEmpty()) << "the old leader is still heard of";
  bench.clear();
  bench.receive(2, forward_reply{led_by_two, 11, 1, outcome::not_done, ""});
  EXPECT_THAT(bench.sent_of<forward>(),
              ElementsAre(forward{led_by_three, request_kind::write, {node_id{1}, 11, 1, "x"}}));
}

TEST(transfer, a_bystander_gives_its_write_up_when_the_old_leader_is_gone) {
  replica_bench bench;
  follow_two_with_a_slot(bench);
  bench.step(client_request{1, request_kind::write, "x"});
  bench.receive(3, prepare{led_by_three, slot{}});
  bench.step(link_state{node_id{2}, false});
  EXPECT_THAT(bench.answers, ElementsAre(Field(&answer::result, outcome::unknown)));
}

TEST(transfer, a_bystander_waits_no_longer_than_for_a_leader) {
  replica_bench bench;
  follow_two_with_a_slot(bench);
  bench.step(client_request{1, request_kind::write, "x"});
  bench.receive(3, prepare{led_by_three, slot{}});
  bench.pass(1s);
  EXPECT_THAT(bench.answers, ElementsAre(Field(&answer::result, outcome::unknown)));
}

}  // namespace
}  // namespace bulwark::consensus
