// SPDX-License-Identifier: BSD-3-Clause
// Goal: a replica takes snapshots when it should, gives them to laggards, and takes them in whole or not at
// all. Method: a replica on the bench; the test plays its peers, its disk and its state machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replica_bench.hpp"

namespace bulwark::consensus {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

void every_two(replica_options& o) { o.snapshot_entries = 2; }

const std::string state = "the whole state";
const snapshot_id whole{slot{9}, state.size(), snapshot_hash(state)};

snapshot_chunk piece(std::size_t offset, std::size_t size, snapshot_id of = whole) {
  return {{of, offset, state.substr(offset, size)}, slot{9}};
}

/// One command chosen and applied.
void write(replica_bench& bench, ballot under, std::uint64_t at) {
  bench.step(client_request{at, request_kind::write, "x"});
  bench.sync();
  bench.receive(2, accepted{under, slot{at}, slot{at}});
}

TEST(snapshots, one_is_taken_after_so_many_commands_and_the_next_not_before_it_is_durable) {
  replica_bench bench{3, {}, every_two};
  const auto under = bench.become_leader();  // its barrier counts as a command
  write(bench, under, 2);
  ASSERT_THAT(bench.saves, SizeIs(1));
  EXPECT_EQ(bench.saves[0].at, slot{2});
  for (std::uint64_t at = 3; at <= 8; ++at) write(bench, under, at);
  EXPECT_THAT(bench.saves, SizeIs(1));
  bench.step(snapshot_saved{slot{2}, 10, slot{}});
  write(bench, under, 9);
  EXPECT_THAT(bench.saves, SizeIs(2));
}

TEST(snapshots, a_machine_that_cannot_be_saved_is_not_asked_again) {
  replica_bench bench{3, {}, every_two};
  const auto under = bench.become_leader();
  write(bench, under, 2);
  bench.step(snapshot_saved{});
  for (std::uint64_t at = 3; at <= 8; ++at) write(bench, under, at);
  EXPECT_THAT(bench.saves, SizeIs(1));
}

TEST(snapshots, bytes_count_only_from_the_size_of_the_last_one_on) {
  replica_bench bench{3, {}, [](replica_options& o) { o.snapshot_bytes = 2; }};
  const auto under = bench.become_leader();
  for (std::uint64_t at = 2; at <= 3; ++at) write(bench, under, at);
  ASSERT_THAT(bench.saves, SizeIs(1));
  bench.step(snapshot_saved{slot{3}, 4, slot{}});
  for (std::uint64_t at = 4; at <= 6; ++at) write(bench, under, at);
  EXPECT_THAT(bench.saves, SizeIs(1)) << "three bytes of log, four of state";
  write(bench, under, 7);
  EXPECT_THAT(bench.saves, SizeIs(2));
}

TEST(snapshots, who_asks_for_slots_that_are_gone_gets_a_piece_instead) {
  replica_bench bench{3, {}, every_two};
  const auto under = bench.become_leader();
  for (std::uint64_t at = 2; at <= 6; ++at) write(bench, under, at);
  bench.step(snapshot_saved{slot{2}, 10, slot{4}});
  bench.receive(3, learn{slot{5}});
  EXPECT_THAT(bench.snapshot_fetches, IsEmpty()) << "still in the log";
  bench.receive(3, learn{slot{4}});
  bench.receive(3, learn{slot{4}});
  ASSERT_THAT(bench.snapshot_fetches, SizeIs(1)) << "once, until it is answered";
  bench.step(snapshot_fetched{node_id{3}, {whole, 0, "the"}});
  EXPECT_THAT(bench.sent_of<snapshot_chunk>(), ElementsAre(snapshot_chunk{{whole, 0, "the"}, slot{6}}));
  bench.receive(3, snapshot_ask{slot{9}, 3});
  ASSERT_THAT(bench.snapshot_fetches, SizeIs(2));
  EXPECT_EQ(bench.snapshot_fetches[1].offset, 3u);
}

TEST(snapshots, values_that_a_crash_took_are_given_as_the_snapshot_that_outlived_them) {
  // The snapshot at 9 was durable before the values from 6 on; then the node lost power.
  replica_bench bench{3, {{}, slot{9}, {}, slot{9}, slot{4}}, every_two};
  bench.step(restored{slot{9}});
  bench.receive(3, learn{slot{6}});
  ASSERT_THAT(bench.snapshot_fetches, IsEmpty());
  bench.step(fetched{node_id{3}, {}});
  ASSERT_THAT(bench.snapshot_fetches, SizeIs(1));
  bench.step(snapshot_fetched{node_id{3}, {whole, 0, "the"}});
  EXPECT_THAT(bench.sent_of<snapshot_chunk>(), ElementsAre(snapshot_chunk{{whole, 0, "the"}, slot{9}}));
}

TEST(snapshots, pieces_are_put_together_whatever_comes_doubled_or_late) {
  replica_bench bench;
  bench.become_candidate();  // so that peers count as alive
  bench.clear();
  bench.receive(2, piece(0, 4));
  bench.receive(2, piece(0, 4));
  bench.receive(2, piece(8, 4));
  EXPECT_THAT(bench.sent_of<snapshot_ask>(), ElementsAre(snapshot_ask{slot{9}, 4}));
  bench.receive(2, piece(4, 4));
  bench.receive(2, piece(8, 100));
  ASSERT_THAT(bench.installs, SizeIs(1));
  EXPECT_EQ(bench.installs[0].which, whole);
  EXPECT_EQ(bench.stored, state);
  EXPECT_EQ(bench.core().status().chosen, slot::none) << "not before it is durable";
  bench.step(restored{slot{9}});
  EXPECT_EQ(bench.core().status().chosen, slot{9});
  EXPECT_EQ(bench.core().status().applied, slot{9});
  EXPECT_EQ(bench.core().status().kept, slot{9});
}

TEST(snapshots, a_piece_that_is_lost_is_asked_for_again_and_another_member_goes_on) {
  replica_bench bench;
  bench.become_candidate();  // so that peers count as alive
  bench.clear();
  bench.receive(2, piece(0, 4));
  bench.pass(210ms);
  EXPECT_THAT(bench.sent_of<snapshot_ask>(), ElementsAre(snapshot_ask{slot{9}, 4}, snapshot_ask{slot{9}, 4}));
  bench.step(link_state{node_id{2}, false});
  bench.clear();
  bench.receive(3, piece(0, 4));
  EXPECT_THAT(bench.sent_of<snapshot_ask>(), ElementsAre(snapshot_ask{slot{9}, 4}))
      << "not from the beginning";
}

TEST(snapshots, one_that_came_together_wrongly_is_not_installed) {
  replica_bench bench;
  auto forged = whole;
  forged.hash ^= 1;
  bench.receive(2, piece(0, 100, forged));
  EXPECT_THAT(bench.installs, IsEmpty());
  EXPECT_EQ(bench.discards, 1u);
  bench.receive(2, piece(0, 100));
  EXPECT_THAT(bench.installs, SizeIs(1));
}

TEST(snapshots, one_that_is_too_large_or_too_old_is_left_alone) {
  replica_bench bench{3, {{}, slot{}, {}}, [](replica_options& o) { o.snapshot_bytes_max = 5; }};
  bench.receive(2, piece(0, 4));
  EXPECT_THAT(bench.sent_of<snapshot_ask>(), IsEmpty());
  replica_bench other{3, {{}, slot{9}, {}, slot{9}, slot{9}}};
  other.step(restored{slot{9}});
  other.receive(2, piece(0, 100));
  EXPECT_THAT(other.installs, IsEmpty());
}

TEST(snapshots, the_next_piece_is_asked_for_once_this_one_is_stored) {
  replica_bench bench;
  bench.become_candidate();  // so that peers count as alive
  bench.clear();
  bench.holds_pieces = true;
  bench.receive(2, piece(0, 4));
  bench.receive(2, piece(4, 4));
  bench.pass(210ms);
  EXPECT_THAT(bench.sent_of<snapshot_ask>(), IsEmpty());
  EXPECT_EQ(bench.stored, state.substr(0, 4)) << "one at a time";
  bench.step_stored();
  EXPECT_THAT(bench.sent_of<snapshot_ask>(), ElementsAre(snapshot_ask{slot{9}, 4}));
}

TEST(snapshots, a_piece_without_room_is_asked_for_again_later) {
  replica_bench bench;
  bench.become_candidate();  // so that peers count as alive
  bench.clear();
  bench.receive(2, piece(0, 4));
  bench.disk_has_room = false;
  bench.clear();
  bench.receive(2, piece(4, 4));
  EXPECT_THAT(bench.sent_of<snapshot_ask>(), IsEmpty()) << "not at once";
  bench.disk_has_room = true;
  bench.pass(210ms);
  EXPECT_THAT(bench.sent_of<snapshot_ask>(), ElementsAre(snapshot_ask{slot{9}, 4}));
  bench.receive(2, piece(4, 100));
  ASSERT_THAT(bench.installs, SizeIs(1)) << "what had no room does not count twice";
  EXPECT_EQ(bench.stored, state);
}

TEST(snapshots, what_the_log_has_brought_meanwhile_is_discarded) {
  replica_bench bench;
  bench.become_candidate();  // so that peers count as alive
  bench.holds_pieces = true;
  bench.receive(2, piece(0, 100));
  std::vector<chosen_entry> all;
  for (std::uint64_t at = 1; at <= 9; ++at) all.push_back({slot{at}, one_command("x")});
  bench.receive(3, learned{all, slot{9}});
  ASSERT_EQ(bench.core().status().chosen, slot{9});
  bench.step_stored();
  EXPECT_THAT(bench.installs, IsEmpty());
  EXPECT_EQ(bench.discards, 1u);
}

TEST(snapshots, whoever_leads_by_the_time_a_piece_is_stored_installs_nothing) {
  replica_bench bench;
  bench.holds_pieces = true;
  bench.receive(2, piece(0, 100));
  bench.become_leader();
  ASSERT_EQ(bench.core().status().role, replica_role::leader);
  bench.step_stored();
  EXPECT_THAT(bench.installs, IsEmpty());
  EXPECT_EQ(bench.discards, 1u);
}

TEST(snapshots, one_that_is_given_up_is_followed_by_another) {
  replica_bench bench{3, {}, every_two};
  const auto under = bench.become_leader();
  write(bench, under, 2);
  bench.step(snapshot_saved{slot{2}, 0, slot{}, true});
  for (std::uint64_t at = 3; at <= 4; ++at) write(bench, under, at);
  EXPECT_THAT(bench.saves, SizeIs(2));
  bench.receive(3, learn{slot{1}});
  EXPECT_THAT(bench.snapshot_fetches, IsEmpty()) << "there is none to give";
}

TEST(snapshots, nothing_is_applied_while_one_is_installed_and_what_was_accepted_behind_it_stays) {
  replica_bench bench;
  const ballot under{1, node_id{2}};
  bench.receive(2, accept{under, slot{10}, {one_command("behind")}, slot{}});
  bench.receive(2, piece(0, 100));
  ASSERT_THAT(bench.installs, SizeIs(1));
  bench.receive(3, learned{{{slot{1}, one_command("old")}}, slot{1}});
  EXPECT_THAT(bench.applied, IsEmpty());
  bench.step(restored{slot{9}});
  EXPECT_THAT(bench.applied, IsEmpty());
  bench.receive(2, chosen_up_to{under, slot{10}});
  ASSERT_THAT(bench.applied, SizeIs(1));
  EXPECT_EQ(bench.applied[0].at, slot{10});
}

TEST(snapshots, one_that_could_not_be_made_durable_leaves_all_as_it_was_and_may_come_again) {
  replica_bench bench;
  bench.receive(2, piece(0, 100));
  ASSERT_THAT(bench.installs, SizeIs(1));
  bench.step(restored{});
  EXPECT_EQ(bench.core().status().chosen, slot::none);
  EXPECT_EQ(bench.core().status().kept, slot::none);
  bench.receive(3, learned{{{slot{1}, one_command("old")}}, slot{1}});
  EXPECT_THAT(bench.applied, SizeIs(1)) << "it goes on";
  bench.receive(2, piece(0, 100));
  EXPECT_THAT(bench.installs, SizeIs(2));
}

TEST(snapshots, a_restart_restores_the_own_one_before_it_replays) {
  replica_bench bench{3, {{}, slot{12}, {}, slot{9}, slot{5}}};
  ASSERT_THAT(bench.restores, SizeIs(1));
  EXPECT_EQ(bench.restores[0].at, slot{9});
  EXPECT_THAT(bench.fetches, IsEmpty());
  bench.step(restored{slot{9}});
  ASSERT_THAT(bench.fetches, SizeIs(1));
  EXPECT_EQ(bench.fetches[0].first, slot{10});
  EXPECT_EQ(bench.fetches[0].last, slot{12});
  EXPECT_EQ(bench.core().status().kept, slot{5});
}

}  // namespace
}  // namespace bulwark::consensus
