// SPDX-License-Identifier: BSD-3-Clause
// Goal: an acceptor keeps its word: nothing is told before it is durable, and nothing told is taken back.
// Method: a replica on the bench, whose disk completes writes only when told to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replica_bench.hpp"

namespace bulwark::consensus {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr ballot low{3, node_id{2}};
constexpr ballot high{4, node_id{3}};

TEST(acceptor, a_promise_waits_for_the_disk) {
  replica_bench bench;
  bench.receive(2, prepare{low, slot{}});
  EXPECT_THAT(bench.sent_of<promise>(), IsEmpty());
  EXPECT_THAT(bench.waiting_of<promise>(), SizeIs(1));
  EXPECT_THAT(bench.unsynced(), ElementsAre(record{promise_record{low}}));
  bench.sync();
  EXPECT_THAT(bench.sent_of<promise>(), ElementsAre(promise{low, slot{}, 0, 1, {}}));
}

TEST(acceptor, a_repeated_prepare_waits_for_the_same_write_and_writes_nothing) {
  replica_bench bench;
  bench.receive(2, prepare{low, slot{}});
  bench.receive(2, prepare{low, slot{}});
  EXPECT_THAT(bench.sent_of<promise>(), IsEmpty());
  EXPECT_THAT(bench.unsynced(), SizeIs(1));
  bench.sync();
  EXPECT_THAT(bench.sent_of<promise>(), SizeIs(2));
  bench.receive(2, prepare{low, slot{}});
  EXPECT_THAT(bench.sent_of<promise>(), SizeIs(3)) << "the promise is durable by now";
}

TEST(acceptor, an_accept_waits_for_the_disk_and_implies_a_promise) {
  replica_bench bench;
  bench.receive(2, accept{low, slot{1}, {one_command("x"), one_command("y")}, slot{}});
  EXPECT_THAT(bench.sent_of<accepted>(), IsEmpty());
  EXPECT_THAT(bench.unsynced(),
              ElementsAre(record{promise_record{low}}, record{accepted_entry{slot{1}, low, one_command("x")}},
                          record{accepted_entry{slot{2}, low, one_command("y")}}));
  bench.sync();
  EXPECT_THAT(bench.sent_of<accepted>(), ElementsAre(accepted{low, slot{1}, slot{2}}));
}

TEST(acceptor, an_accept_that_comes_again_is_not_written_again_but_waits_all_the_same) {
  replica_bench bench;
  bench.receive(2, accept{low, slot{1}, {one_command("x")}, slot{}});
  bench.receive(2, accept{low, slot{1}, {one_command("x")}, slot{}});
  EXPECT_THAT(bench.sent_of<accepted>(), IsEmpty());
  EXPECT_THAT(bench.unsynced(), SizeIs(2));
  bench.sync();
  EXPECT_THAT(bench.sent_of<accepted>(), SizeIs(2));
}

struct refusal_case {
  const char* name;
  message asked;
};

TEST(acceptor, whatever_is_below_the_promise_is_refused) {
  for (const auto& [name, asked] : {refusal_case{"prepare", prepare{low, slot{}}},
                                    refusal_case{"accept", accept{low, slot{1}, {one_command("x")}, slot{}}},
                                    refusal_case{"confirm", confirm{low, 5}}}) {
    replica_bench bench;
    bench.receive(3, prepare{high, slot{}});
    bench.sync();
    bench.clear();
    bench.receive(2, asked);
    EXPECT_THAT(bench.sent_of<refused>(), ElementsAre(refused{low, high})) << name;
    EXPECT_THAT(bench.unsynced(), IsEmpty()) << name;
    EXPECT_EQ(bench.core().promised(), high) << name;
  }
}

TEST(acceptor, a_confirm_is_confirmed_unless_a_higher_ballot_was_promised) {
  replica_bench bench;
  bench.receive(2, confirm{low, 5});
  EXPECT_THAT(bench.sent_of<confirmed>(), ElementsAre(confirmed{low, 5}));
}

TEST(acceptor, a_promise_reports_what_was_accepted_behind_both_watermarks) {
  replica_bench bench;
  bench.receive(2, accept{low, slot{1}, {one_command("x"), one_command("y"), one_command("z")}, slot{1}});
  bench.receive(3, prepare{high, slot{2}});
  bench.sync();
  EXPECT_THAT(bench.sent_of<promise>(),
              ElementsAre(promise{high, slot{1}, 0, 1, {accepted_entry{slot{3}, low, one_command("z")}}}));
}

TEST(acceptor, a_long_promise_comes_in_parts) {
  replica_bench bench{3, {}, [](replica_options& o) { o.batch_bytes = 100; }};
  const auto big = one_command(std::string(90, 'x'));
  bench.receive(2, accept{low, slot{1}, {big, big, big}, slot{}});
  bench.receive(3, prepare{high, slot{}});
  bench.sync();
  const auto parts = bench.sent_of<promise>();
  ASSERT_THAT(parts, SizeIs(3));
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(parts[i].part, i);
    EXPECT_EQ(parts[i].parts, 3u);
    EXPECT_THAT(parts[i].accepted, ElementsAre(accepted_entry{slot{i + 1}, low, big}));
  }
}

TEST(acceptor, the_watermark_counts_only_for_entries_of_exactly_its_ballot) {
  replica_bench bench;
  bench.receive(2, accept{low, slot{1}, {one_command("old")}, slot{}});
  bench.receive(3, chosen_up_to{high, slot{1}});
  EXPECT_THAT(bench.applied, IsEmpty()) << "another value may have been chosen under the higher ballot";
  bench.receive(2, chosen_up_to{low, slot{1}});
  EXPECT_THAT(bench.applied, SizeIs(1));
}

TEST(acceptor, an_old_entry_under_a_watermark_is_learned_instead) {
  replica_bench bench;
  bench.receive(2, accept{low, slot{1}, {one_command("old")}, slot{}});
  bench.receive(3, beat_ack{1, high, high, true, slot{1}});
  bench.receive(3, chosen_up_to{high, slot{1}});
  EXPECT_THAT(bench.sent_of<learn>(), Contains(learn{slot{1}}));
  bench.sync();
  bench.receive(3, learned{{{slot{1}, one_command("new")}}, slot{1}});
  ASSERT_THAT(bench.applied, SizeIs(1));
  EXPECT_EQ(bench.applied[0].what, one_command("new"));
  EXPECT_THAT(bench.unsynced(), ElementsAre(record{accepted_entry{slot{1}, {}, one_command("new")}},
                                            record{chosen_record{slot{1}}}));
}

TEST(acceptor, accepts_too_far_ahead_are_left_for_later) {
  replica_bench bench{3, {}, [](replica_options& o) { o.window = 1; }};
  const std::vector<value> values(6, one_command("x"));
  bench.receive(2, accept{low, slot{1}, values, slot{}});
  bench.sync();
  EXPECT_THAT(bench.sent_of<accepted>(), ElementsAre(accepted{low, slot{1}, slot{4}}));
  EXPECT_EQ(bench.core().status().last, slot{4});
}

TEST(acceptor, a_disk_that_takes_nothing_makes_it_silent) {
  replica_bench bench;
  bench.step(storage_state{false});
  bench.receive(2, prepare{low, slot{}});
  bench.receive(2, accept{low, slot{1}, {one_command("x")}, slot{}});
  bench.receive(2, learned{{{slot{1}, one_command("x")}}, slot{1}});
  EXPECT_THAT(bench.writes, IsEmpty());
  EXPECT_EQ(bench.core().promised(), ballot{});
  bench.step(storage_state{true});
  bench.receive(2, prepare{low, slot{}});
  EXPECT_THAT(bench.unsynced(), SizeIs(1));
}

TEST(acceptor, messages_of_strangers_and_for_others_change_nothing) {
  replica_bench bench;
  bench.receive(9, prepare{{3, node_id{9}}, slot{}});
  bench.receive(2, prepare{{3, node_id{3}}, slot{}});  // the ballot of another
  bench.step(received{{node_id{2}, node_id{3}, prepare{low, slot{}}}});
  bench.receive(1, prepare{{3, node_id{1}}, slot{}});  // "from itself"
  EXPECT_EQ(bench.core().promised(), ballot{});
  EXPECT_THAT(bench.writes, IsEmpty());
}

TEST(acceptor, recovery_brings_back_promise_and_entries) {
  recovered_state recovered{low, slot{}, {{slot{2}, low, one_command("y")}}};
  replica_bench bench{3, recovered};
  EXPECT_EQ(bench.core().promised(), low);
  bench.receive(3, prepare{high, slot{}});
  bench.sync();
  EXPECT_THAT(bench.sent_of<promise>(),
              ElementsAre(promise{high, slot{}, 0, 1, {accepted_entry{slot{2}, low, one_command("y")}}}));
}

TEST(acceptor, recovery_takes_learned_entries_for_chosen) {
  replica_bench bench{3, {low, slot{}, {{slot{1}, {}, one_command("x")}, {slot{2}, low, one_command("y")}}}};
  EXPECT_EQ(bench.core().status().chosen, slot{1});
  EXPECT_EQ(bench.core().status().applied, slot{1});
}

TEST(acceptor, chosen_values_are_replayed_from_the_store_piece_by_piece) {
  replica_bench bench{3, {low, slot{3}, {{slot{4}, low, one_command("d")}}}};
  ASSERT_THAT(bench.fetches, SizeIs(1));
  EXPECT_EQ(bench.fetches[0].peer, node_id{1});
  EXPECT_EQ(bench.fetches[0].first, slot{1});
  EXPECT_EQ(bench.fetches[0].last, slot{3});
  bench.step(fetched{node_id{1}, {{slot{1}, one_command("a")}, {slot{2}, one_command("b")}}});
  ASSERT_THAT(bench.fetches, SizeIs(2));
  EXPECT_EQ(bench.fetches[1].first, slot{3});
  bench.receive(2, chosen_up_to{low, slot{4}});
  EXPECT_THAT(bench.applied, SizeIs(2)) << "slot 4 has to wait for slot 3";
  bench.step(fetched{node_id{1}, {{slot{3}, one_command("c")}}});
  EXPECT_EQ(bench.core().status().applied, slot{4});
}

}  // namespace
}  // namespace bulwark::consensus
