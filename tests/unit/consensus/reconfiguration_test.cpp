// SPDX-License-Identifier: BSD-3-Clause
// Goal: a change of the group is safe at every step: one configuration is in force for each slot, whoever
// votes
//       behind it has it on disk, and the leader asks the new voters before it proposes anything to them.
// Method: a replica on the bench, as the leader that changes, as a voter, as one that joins and as one that
// left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bulwark/consensus/core/configuration.hpp"
#include "replica_bench.hpp"

namespace bulwark::consensus {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

constexpr ballot led_by_two{5, node_id{2}};

auto ends_with(change_outcome result) { return ElementsAre(Field(&members_changed::result, result)); }

std::vector<group_node> nodes(std::initializer_list<std::uint32_t> voters,
                              std::initializer_list<std::uint32_t> learners = {}) {
  std::vector<group_node> made;
  for (const auto id : voters) made.push_back({node_id{id}, true, {}});
  for (const auto id : learners) made.push_back({node_id{id}, false, {}});
  return made;
}

value group_of(std::initializer_list<std::uint32_t> voters,
               std::initializer_list<std::uint32_t> learners = {}) {
  return to_value({slot{}, slot{}, nodes(voters, learners)});
}

/// The peer is there, and knows the log up to that slot.
void hear_of(replica_bench& bench, std::uint32_t peer, std::uint64_t chosen) {
  std::uint64_t round = 0;
  for (const auto& one : bench.sent)
    if (const auto* asked = std::get_if<beat>(&one.what)) round = asked->round;
  const auto leader = bench.core().status().leader;
  bench.receive(peer, beat_ack{round, {0, node_id{peer}}, leader, true, slot{chosen}});
}

/// Node 1 leads, and the others are heard of.
ballot lead(replica_bench& bench) {
  const auto under = bench.become_leader();
  for (const std::uint32_t peer : {2u, 3u}) hear_of(bench, peer, 1);
  return under;
}

/// Node 1 leads; nodes 1 to 3 vote, node 4 learns; slot 3 is chosen.
ballot lead_with_a_learner(replica_bench& bench) {
  const auto under = lead(bench);
  bench.step(change_members{1, change_kind::add, node_id{4}, {}, {}});
  bench.sync();
  bench.receive(2, accepted{under, slot{2}, slot{2}});
  const auto anew = bench.core().status().leader;
  bench.sync();
  bench.receive(2, promise{anew, slot{2}, 0, 1, {}});
  bench.sync();
  bench.receive(2, accepted{anew, slot{3}, slot{3}});
  hear_of(bench, 4, 3);
  EXPECT_THAT(bench.changes, ends_with(change_outcome::changed));
  bench.changes.clear();
  bench.clear();
  return anew;
}

/// Node 1 follows node 2.
void follow_node_two(replica_bench& bench) {
  bench.step(link_state{node_id{2}, true});
  bench.receive(2, beat_ack{1, led_by_two, led_by_two, true, slot{}});
  bench.clear();
}

TEST(reconfiguration, nothing_is_proposed_behind_a_configuration_that_is_not_chosen) {
  replica_bench bench;
  lead(bench);
  bench.step(change_members{1, change_kind::add, node_id{4}, {}, {}});
  bench.sent.clear();
  bench.step(client_request{1, request_kind::write, "x"});
  bench.sync();
  EXPECT_THAT(bench.sent_of<accept>(), IsEmpty());
  EXPECT_EQ(bench.core().status().last, slot{2});
}

TEST(reconfiguration, it_is_in_force_once_it_is_chosen_and_the_leader_begins_anew) {
  replica_bench bench;
  const auto under = lead(bench);
  bench.step(change_members{1, change_kind::add, node_id{4}, {}, {}});
  bench.sync();
  EXPECT_THAT(bench.configurations, IsEmpty());
  bench.receive(2, accepted{under, slot{2}, slot{2}});
  ASSERT_THAT(bench.configurations, SizeIs(1));
  EXPECT_EQ(bench.configurations[0].group, (configuration{slot{2}, slot{}, nodes({1, 2, 3}, {4})}));
  EXPECT_GT(bench.core().status().leader, under);
  EXPECT_EQ(bench.core().status().role, replica_role::candidate);
  EXPECT_THAT(bench.waiting_of<prepare>(), SizeIs(2)) << "learners are not asked";
  EXPECT_THAT(bench.applied, testing::Contains(Field(&apply::what, value{}))) << "state machines see a no-op";
}

TEST(reconfiguration, a_change_of_who_belongs_leaves_how_many_accept) {
  replica_bench bench{3, {}, [](replica_options& options) { options.accept_quorum = 2; }};
  const auto under = lead(bench);
  bench.step(change_members{1, change_kind::add, node_id{4}, {}, {}});
  bench.sync();
  bench.receive(2, accepted{under, slot{2}, slot{2}});
  ASSERT_THAT(bench.configurations, SizeIs(1));
  EXPECT_EQ(bench.configurations[0].group.accept_quorum, 2u);
}

TEST(reconfiguration, is_answered_once_the_new_voters_chose_something) {
  replica_bench bench;
  const auto under = lead(bench);
  bench.step(change_members{1, change_kind::add, node_id{4}, {}, {}});
  bench.sync();
  bench.receive(2, accepted{under, slot{2}, slot{2}});
  const auto anew = bench.core().status().leader;
  bench.sync();
  bench.receive(2, promise{anew, slot{2}, 0, 1, {}});
  bench.sync();
  EXPECT_THAT(bench.changes, IsEmpty());
  bench.receive(2, accepted{anew, slot{3}, slot{3}});
  EXPECT_THAT(bench.changes, ends_with(change_outcome::changed));
}

TEST(reconfiguration, the_vote_of_a_learner_does_not_count) {
  replica_bench bench;
  const auto under = lead_with_a_learner(bench);
  bench.step(client_request{1, request_kind::write, "x"});
  bench.sync();
  bench.receive(4, accepted{under, slot{4}, slot{4}});
  EXPECT_THAT(bench.answers, IsEmpty());
  bench.receive(3, accepted{under, slot{4}, slot{4}});
  EXPECT_THAT(bench.answers, SizeIs(1));
}

TEST(reconfiguration, a_new_voter_counts_and_a_former_one_does_not) {
  replica_bench bench;
  const auto under = lead_with_a_learner(bench);
  hear_of(bench, 2, 3);
  bench.step(change_members{2, change_kind::replace, node_id{3}, node_id{4}, {}});
  bench.sync();
  bench.receive(2, accepted{under, slot{4}, slot{4}});
  const auto anew = bench.core().status().leader;
  ASSERT_GT(anew, under);
  bench.sync();
  bench.sent.clear();
  bench.receive(3, promise{anew, slot{4}, 0, 1, {}});
  bench.sync();
  EXPECT_THAT(bench.sent_of<accept>(), IsEmpty()) << "node 3 has nothing to say any more";
  bench.receive(4, promise{anew, slot{4}, 0, 1, {}});
  EXPECT_THAT(bench.sent_of<accept>(), SizeIs(2));
  EXPECT_EQ(bench.sent_of<accept>()[0].governed_by, slot{4});
}

TEST(reconfiguration, what_the_new_voters_accepted_is_proposed_to_them) {
  replica_bench bench;
  const auto under = lead_with_a_learner(bench);
  hear_of(bench, 2, 3);
  bench.step(change_members{2, change_kind::replace, node_id{3}, node_id{4}, {}});
  bench.sync();
  bench.receive(2, accepted{under, slot{4}, slot{4}});
  const auto anew = bench.core().status().leader;
  bench.sync();
  bench.sent.clear();
  bench.receive(4, promise{anew, slot{4}, 0, 1, {{slot{5}, {1, node_id{3}}, one_command("old")}}});
  ASSERT_THAT(bench.sent_of<accept>(), SizeIs(2));
  EXPECT_EQ(bench.sent_of<accept>()[0].values.front(), one_command("old"));
}

TEST(reconfiguration, the_leader_does_not_remove_itself) {
  replica_bench bench;
  lead(bench);
  bench.step(change_members{1, change_kind::remove, node_id{1}, {}, {}});
  EXPECT_THAT(bench.changes, ends_with(change_outcome::leads));
}

TEST(reconfiguration, only_the_leader_changes_anything) {
  replica_bench bench;
  follow_node_two(bench);
  bench.step(change_members{1, change_kind::add, node_id{4}, {}, {}});
  ASSERT_THAT(bench.changes, ends_with(change_outcome::not_leader));
  EXPECT_EQ(bench.changes[0].leader, node_id{2});
}

TEST(reconfiguration, one_at_a_time) {
  replica_bench bench;
  lead(bench);
  bench.step(change_members{1, change_kind::add, node_id{4}, {}, {}});
  bench.step(change_members{2, change_kind::add, node_id{5}, {}, {}});
  EXPECT_THAT(bench.changes, ends_with(change_outcome::busy));
  bench.step(transfer{3, node_id{2}});
  EXPECT_THAT(bench.transfers, ElementsAre(Field(&transferred::result, transfer_outcome::busy)));
}

TEST(reconfiguration, not_while_leadership_moves) {
  replica_bench bench;
  lead(bench);
  bench.step(transfer{3, node_id{2}});
  bench.step(change_members{1, change_kind::add, node_id{4}, {}, {}});
  EXPECT_THAT(bench.changes, ends_with(change_outcome::busy));
}

TEST(reconfiguration, a_learner_that_lags_or_is_silent_does_not_get_a_vote) {
  replica_bench bench{3, {}, [](replica_options& o) { o.window = 1; }};
  const auto under = lead_with_a_learner(bench);
  for (std::uint64_t at = 4; at < 12; ++at) {
    bench.step(client_request{at, request_kind::write, "x"});
    bench.sync();
    bench.receive(2, accepted{under, slot{at}, slot{at}});
  }
  bench.step(change_members{20, change_kind::promote, node_id{4}, {}, {}});
  EXPECT_THAT(bench.changes, ends_with(change_outcome::behind));
}

TEST(reconfiguration, not_without_a_majority_of_the_new_voters) {
  replica_bench bench;
  lead_with_a_learner(bench);
  bench.step(link_state{node_id{3}, false});
  hear_of(bench, 2, 3);
  bench.step(change_members{2, change_kind::remove, node_id{2}, {}, {}});
  EXPECT_THAT(bench.changes, ends_with(change_outcome::unsafe));
}

TEST(reconfiguration, ends_when_leadership_is_lost) {
  replica_bench bench;
  lead(bench);
  bench.step(change_members{1, change_kind::add, node_id{4}, {}, {}});
  bench.receive(2, prepare{{9, node_id{2}}, slot{1}});
  EXPECT_THAT(bench.changes, ends_with(change_outcome::lost));
}

TEST(reconfiguration, ends_in_time) {
  replica_bench bench;
  lead(bench);
  bench.step(change_members{1, change_kind::add, node_id{4}, {}, {}});
  for (int i = 0; i < 60; ++i) {
    bench.pass(100ms);
    for (const std::uint32_t peer : {2u, 3u}) hear_of(bench, peer, 1);
  }
  EXPECT_THAT(bench.changes, ends_with(change_outcome::lost));
}

TEST(reconfiguration, a_write_on_its_way_to_the_leadership_before_is_not_in_doubt) {
  replica_bench bench;
  const auto under = lead(bench);
  bench.step(change_members{1, change_kind::add, node_id{4}, {}, {}});
  bench.sync();
  bench.receive(2, accepted{under, slot{2}, slot{2}});
  bench.clear();
  const command late{node_id{2}, 5, 9, "late"};
  for (int i = 0; i < 2; ++i) bench.receive(2, forward{under, request_kind::write, late});
  EXPECT_THAT(bench.sent_of<forward_reply>(), ElementsAre(forward_reply{under, 5, 9, outcome::not_done, {}}));
}

// -- the others -----------------------------------------------------------------------------------------

TEST(reconfiguration, an_accept_waits_until_what_governs_it_is_known) {
  replica_bench bench;
  follow_node_two(bench);
  bench.receive(2, accept{led_by_two, slot{1}, {group_of({1, 2, 4})}, slot{}});
  bench.sync();
  bench.clear();
  const ballot anew{6, node_id{2}};
  bench.receive(2, accept{anew, slot{2}, {{}}, slot{1}, slot{1}});
  bench.sync();
  EXPECT_THAT(bench.sent_of<accepted>(), IsEmpty()) << "the entry in slot 1 may be another than was chosen";
  EXPECT_THAT(bench.sent_of<learn>(), ElementsAre(learn{slot{1}}));
  bench.receive(2, learned{{{slot{1}, group_of({1, 2, 4})}}, slot{1}});
  bench.receive(2, accept{anew, slot{2}, {{}}, slot{1}, slot{1}});
  bench.sync();
  EXPECT_THAT(bench.sent_of<accepted>(), ElementsAre(accepted{anew, slot{2}, slot{2}}));
}

TEST(reconfiguration, it_goes_to_disk_with_the_first_vote_behind_it) {
  replica_bench bench;
  follow_node_two(bench);
  bench.receive(2, accept{led_by_two, slot{1}, {group_of({1, 2, 4})}, slot{}});
  bench.sync();
  bench.receive(2, accept{led_by_two, slot{2}, {{}}, slot{1}, slot{1}});
  ASSERT_THAT(bench.writes, SizeIs(1));
  EXPECT_THAT(bench.unsynced(), testing::Contains(record{chosen_record{slot{1}}}));
  EXPECT_THAT(bench.waiting_of<accepted>(), SizeIs(1));
}

TEST(reconfiguration, that_it_is_chosen_goes_to_disk_at_once) {
  replica_bench bench;
  follow_node_two(bench);
  bench.receive(2, accept{led_by_two, slot{1}, {group_of({1, 2, 4})}, slot{}});
  bench.sync();
  bench.receive(2, chosen_up_to{led_by_two, slot{1}});
  EXPECT_THAT(bench.unsynced(), ElementsAre(record{chosen_record{slot{1}}}));
}

TEST(reconfiguration, one_that_does_not_follow_the_last_is_void) {
  replica_bench bench;
  follow_node_two(bench);
  // Both were made of the group of the settings: by two leaders, neither of which knew of the other's.
  bench.receive(2, learned{{{slot{1}, group_of({1, 2})}, {slot{2}, group_of({1, 2, 3}, {4})}}, slot{2}});
  EXPECT_EQ(bench.core().group(), (configuration{slot{1}, slot{}, nodes({1, 2})}));
  EXPECT_EQ(bench.core().status().applied, slot{2});
}

TEST(reconfiguration, a_leader_goes_on_behind_one_that_is_void) {
  replica_bench bench;
  const auto under = bench.become_candidate();
  bench.sync();
  const ballot older{0, node_id{3}};
  bench.receive(
      2, promise{under, {}, 0, 1, {{slot{1}, older, group_of({1, 2})}, {slot{2}, older, group_of({1, 3})}}});
  bench.sync();
  bench.receive(2, accepted{under, slot{1}, slot{1}});
  const auto anew = bench.core().status().leader;
  bench.sync();
  bench.receive(2, promise{anew, slot{1}, 0, 1, {{slot{2}, older, group_of({1, 3})}}});
  bench.sync();
  bench.receive(2, accepted{anew, slot{2}, slot{2}});
  const auto third = bench.core().status().leader;
  EXPECT_GT(third, anew);
  bench.sync();
  bench.receive(2, promise{third, slot{2}, 0, 1, {}});
  bench.sync();
  bench.receive(2, accepted{third, slot{3}, slot{3}});
  EXPECT_EQ(bench.core().status().role, replica_role::leader);
  EXPECT_EQ(bench.core().status().chosen, slot{3});
  EXPECT_EQ(bench.core().group(), (configuration{slot{1}, slot{}, nodes({1, 2})}));
}

TEST(reconfiguration, who_left_promises_nothing_and_leads_nothing) {
  replica_bench bench;
  follow_node_two(bench);
  bench.receive(2, accept{led_by_two, slot{1}, {group_of({2, 3, 4})}, slot{}});
  bench.sync();
  bench.receive(2, chosen_up_to{led_by_two, slot{1}});
  bench.sync();
  bench.clear();
  EXPECT_EQ(bench.core().status().role, replica_role::learner);
  bench.receive(3, prepare{{7, node_id{3}}, slot{1}});
  bench.sync();
  EXPECT_THAT(bench.sent_of<promise>(), IsEmpty());
  bench.step(link_state{node_id{2}, false});
  for (int i = 0; i < 30; ++i) {
    bench.pass(100ms);
    for (const std::uint32_t peer : {3u, 4u}) {
      std::uint64_t round = 0;
      for (const auto& one : bench.sent)
        if (const auto* asked = std::get_if<beat>(&one.what)) round = asked->round;
      bench.receive(peer, beat_ack{round, {0, node_id{peer}}, {}, false, slot{1}});
    }
  }
  EXPECT_THAT(bench.sent_of<prepare>(), IsEmpty());
}

TEST(reconfiguration, who_joins_promises_nothing_before_it_knows_that_it_votes) {
  replica_bench bench{3, {}, [](replica_options& o) {
                        o.members = {node_id{2}, node_id{3}};
                        o.joins = true;
                      }};
  bench.receive(2, prepare{led_by_two, slot{}});
  bench.sync();
  EXPECT_THAT(bench.sent_of<promise>(), IsEmpty());
  bench.receive(2, learned{{{slot{1}, group_of({1, 2, 3})}}, slot{1}});
  bench.receive(2, prepare{led_by_two, slot{1}});
  bench.sync();
  EXPECT_THAT(bench.sent_of<promise>(), SizeIs(1));
}

TEST(reconfiguration, a_leader_that_left_gives_up) {
  replica_bench bench;
  const auto under = bench.become_candidate();
  bench.sync();
  // A leader of before had removed it; it only learns now, as it takes over what was accepted.
  bench.receive(2, promise{under, {}, 0, 1, {{slot{1}, {0, node_id{3}}, group_of({2, 3, 4})}}});
  bench.sync();
  bench.receive(2, accepted{under, slot{1}, slot{1}});
  EXPECT_EQ(bench.core().status().role, replica_role::learner);
  EXPECT_EQ(bench.core().status().last, slot{1}) << "not even its barrier may go behind it";
  EXPECT_THAT(bench.sent_of<chosen_up_to>(), testing::Contains(chosen_up_to{under, slot{1}}));
}

TEST(reconfiguration, a_candidate_that_learns_of_other_voters_asks_them) {
  replica_bench bench;
  const auto under = bench.become_candidate();
  bench.sync();
  bench.receive(2, promise{under, slot{1}, 0, 1, {}});  // node 2 knows a slot that this one does not
  for (const std::uint32_t peer : {4u, 5u}) hear_of(bench, peer, 1);
  bench.sent.clear();
  bench.receive(2, learned{{{slot{1}, group_of({1, 4, 5})}}, slot{1}});
  bench.sync();
  EXPECT_GT(bench.core().status().leader, under);
  EXPECT_THAT(bench.sent_of<prepare>(), SizeIs(2));
  EXPECT_THAT(bench.sent_of<accept>(), IsEmpty());
  for (const auto& one : bench.sent) {
    if (std::holds_alternative<prepare>(one.what)) {
      EXPECT_GE(number(one.to), 4u);
    }
  }
}

TEST(reconfiguration, it_comes_back_with_a_snapshot) {
  const configuration saved{slot{8}, slot{}, nodes({1, 4, 5})};
  replica_bench bench{3, {{}, slot{8}, {}, slot{8}, slot{8}}};
  ASSERT_THAT(bench.restores, SizeIs(1));
  bench.step(restored{slot{8}, saved});
  EXPECT_EQ(bench.core().group(), saved);
}

TEST(reconfiguration, is_saved_with_a_snapshot) {
  replica_bench bench{3, {}, [](replica_options& o) { o.snapshot_entries = 1; }};
  follow_node_two(bench);
  bench.receive(2, accept{led_by_two, slot{1}, {group_of({1, 2, 4})}, slot{}});
  bench.receive(2, chosen_up_to{led_by_two, slot{1}});
  ASSERT_THAT(bench.saves, SizeIs(1));
  EXPECT_EQ(bench.saves[0].group.at, slot{1});
  EXPECT_EQ(bench.saves[0].group.nodes, nodes({1, 2, 4}));
}

TEST(reconfiguration, nobody_raises_a_ballot_for_an_outsider) {
  replica_bench bench;
  lead(bench);
  const auto under = bench.core().status().leader;
  bench.receive(9, beat_ack{1, {99, node_id{9}}, {99, node_id{9}}, false, slot{}});
  bench.pass(100ms);
  EXPECT_EQ(bench.core().status().leader, under);
}

}  // namespace
}  // namespace bulwark::consensus
