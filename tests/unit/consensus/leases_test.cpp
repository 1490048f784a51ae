// SPDX-License-Identifier: BSD-3-Clause
// Goal: a leader with a lease reads without asking, never a moment too long; a member that gave one promises
// nobody
//       else anything while it runs, nor right after a restart.
// Method: one replica on the bench; the test plays its peers and its clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replica_bench.hpp"

namespace bulwark::consensus {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint32_t lease_ms = 200;
void with_leases(replica_options& options) { options.lease = 200ms; }

/// A leader of three that has a lease since `since`.
struct leased_leader {
  leased_leader() {
    bench.pass(200ms);  // what it may have given in its last life
    under = bench.become_leader();
    since = bench.now();
    bench.step(client_request{1, request_kind::read, "first"});
    round = bench.sent_of<confirm>().at(0).round;
    bench.receive(2, confirmed{under, round, lease_ms});
    EXPECT_THAT(bench.answers, SizeIs(1));
    bench.clear();
  }
  void read(std::uint64_t request) { bench.step(client_request{request, request_kind::read, "again"}); }

  replica_bench bench{3, {}, with_leases};
  ballot under;
  std::uint64_t round = 0;
  instant since;
};

TEST(leader_lease, a_round_asks_for_a_lease_and_what_follows_needs_no_round) {
  leased_leader one;
  one.read(2);
  EXPECT_THAT(one.bench.answers, SizeIs(1));
  EXPECT_THAT(one.bench.sent_of<confirm>(), IsEmpty());
  EXPECT_EQ(one.bench.core().status().leased_reads, 1u);
}

TEST(leader_lease, it_counts_from_the_question_and_ends_a_sixteenth_early) {
  leased_leader one;
  one.bench.pass(187ms);
  one.read(2);
  EXPECT_THAT(one.bench.answers, SizeIs(1)) << "12.5 ms early, not more";
  leased_leader other;
  other.bench.pass(188ms);
  other.read(2);
  EXPECT_THAT(other.bench.answers, IsEmpty());
  EXPECT_THAT(other.bench.sent_of<confirm>(), SizeIs(2));
}

TEST(leader_lease, late_confirmations_do_not_stretch_it) {
  replica_bench bench{3, {}, with_leases};
  bench.pass(200ms);
  const auto under = bench.become_leader();
  bench.step(client_request{1, request_kind::read, "first"});
  const auto round = bench.sent_of<confirm>().at(0).round;
  bench.pass(100ms);
  bench.receive(2, confirmed{under, round, lease_ms});
  bench.pass(88ms);
  bench.step(client_request{2, request_kind::read, "again"});
  EXPECT_THAT(bench.answers, SizeIs(1));
}

TEST(leader_lease, it_is_renewed_when_half_of_it_is_over) {
  leased_leader one;
  one.bench.pass(100ms);
  one.read(2);
  EXPECT_THAT(one.bench.answers, SizeIs(1)) << "nobody waits for that";
  ASSERT_THAT(one.bench.sent_of<confirm>(), SizeIs(2));
  one.bench.receive(3, confirmed{one.under, one.round + 1, lease_ms});
  one.bench.clear();
  one.bench.pass(180ms);
  one.read(3);
  EXPECT_THAT(one.bench.answers, SizeIs(1));
}

TEST(leader_lease, whoever_gives_none_or_less_bounds_it) {
  replica_bench bench{3, {}, with_leases};
  bench.pass(200ms);
  const auto under = bench.become_leader();
  bench.step(client_request{1, request_kind::read, "first"});
  bench.receive(2, confirmed{under, bench.sent_of<confirm>().at(0).round, 0});
  bench.step(client_request{2, request_kind::read, "again"});
  EXPECT_THAT(bench.answers, SizeIs(1));
  bench.receive(2, confirmed{under, bench.sent_of<confirm>().back().round, 20});
  bench.pass(30ms);
  bench.step(client_request{3, request_kind::read, "again"});
  EXPECT_THAT(bench.answers, SizeIs(2));
}

TEST(leader_lease, a_reply_that_took_longer_than_the_lease_is_not_given) {
  leased_leader one;
  one.bench.query_takes = 250ms;
  one.read(2);
  EXPECT_THAT(one.bench.answers, IsEmpty());
  EXPECT_EQ(one.bench.core().status().lapsed_reads, 1u);
  one.bench.query_takes = {};
  one.bench.receive(3, confirmed{one.under, one.round + 1, lease_ms});
  ASSERT_THAT(one.bench.answers, SizeIs(1)) << "it was asked for after all";
  EXPECT_EQ(one.bench.answers[0].reply, "read again");
}

TEST(leader_lease, a_transfer_gives_it_back_before_it_asks_the_target) {
  leased_leader one;
  for (const auto& asked : one.bench.sent_of<beat>())
    one.bench.receive(2, beat_ack{asked.round, {}, one.under, true, slot{1}});
  one.bench.step(transfer{1, node_id{2}});
  for (const auto& sent : std::vector{one.bench.sent})
    if (const auto* asked = std::get_if<beat>(&sent.what))
      one.bench.receive(number(sent.to), beat_ack{asked->round, {0, sent.to}, one.under, true, slot{1}});
  ASSERT_THAT(one.bench.sent_of<take_over>(), SizeIs(1));
  EXPECT_THAT(one.bench.sent_of<confirm>(),
              ElementsAre(confirm{one.under, one.round + 1, 0}, confirm{one.under, one.round + 1, 0}));
  EXPECT_TRUE(std::holds_alternative<take_over>(one.bench.sent.back().what));
  one.bench.clear();
  one.read(2);
  EXPECT_THAT(one.bench.answers, IsEmpty()) << "it has no lease any more";
  one.bench.receive(3, confirmed{one.under, one.round, lease_ms});
  EXPECT_THAT(one.bench.answers, IsEmpty()) << "what was given before does not count";
}

/// A follower of n3, in no last life's way any more.
struct follower {
  follower() {
    bench.pass(200ms);
    bench.receive(3, prepare{led, {}});
    bench.sync();
    bench.clear();
  }
  void take(std::uint64_t round, std::uint32_t lease) { bench.receive(3, confirm{led, round, lease}); }
  bool promises(std::uint32_t to, std::uint64_t ballot_round) {
    bench.clear();
    bench.receive(to, prepare{{ballot_round, node_id{to}}, {}});
    bench.sync();
    return !bench.sent_of<promise>().empty();
  }

  replica_bench bench{3, {}, with_leases};
  ballot led{5, node_id{3}};
};

TEST(given_lease, no_other_ballot_is_promised_while_it_runs_and_then_at_once) {
  follower one;
  one.take(1, lease_ms);
  EXPECT_THAT(one.bench.sent_of<confirmed>(), ElementsAre(confirmed{one.led, 1, lease_ms}));
  one.bench.pass(199ms);
  EXPECT_FALSE(one.promises(2, 6));
  EXPECT_LE(one.bench.core().next_wakeup(), one.bench.now() + 1ms);
  one.bench.pass(1ms);
  one.bench.sync();
  EXPECT_THAT(one.bench.sent_of<promise>(), SizeIs(1)) << "nobody has to ask again";
}

TEST(given_lease, whoever_has_it_may_raise_its_ballot) {
  follower one;
  one.take(1, lease_ms);
  EXPECT_TRUE(one.promises(3, 6));
}

TEST(given_lease, it_is_taken_back_by_a_later_round_only) {
  follower one;
  one.take(2, lease_ms);
  one.take(1, 0);
  EXPECT_FALSE(one.promises(2, 6));
  one.take(3, 0);
  EXPECT_THAT(one.bench.sent_of<confirmed>(), SizeIs(1));
  one.bench.sync();
  EXPECT_THAT(one.bench.sent_of<promise>(), SizeIs(1)) << "the prepare that came too early";
}

TEST(given_lease, an_earlier_round_that_comes_late_does_not_give_it_again) {
  follower one;
  one.take(3, 0);
  one.take(2, lease_ms);
  EXPECT_TRUE(one.promises(2, 6));
}

TEST(given_lease, more_than_it_was_told_to_give_is_not_given) {
  follower one;
  one.take(1, lease_ms + 1);
  EXPECT_THAT(one.bench.sent_of<confirmed>(), ElementsAre(confirmed{one.led, 1, 0}));
  EXPECT_TRUE(one.promises(2, 6));
}

TEST(given_lease, a_restarted_member_promises_nobody_anything_for_as_long_as_a_lease_takes) {
  replica_bench bench{3, {.promised = {5, node_id{3}}, .entries = {}}, with_leases};
  bench.receive(2, prepare{{6, node_id{2}}, {}});
  bench.receive(3, confirm{{5, node_id{3}}, 9, lease_ms});
  bench.receive(3, prepare{{7, node_id{3}}, {}});
  bench.pass(199ms);
  bench.sync();
  EXPECT_THAT(bench.sent_of<promise>(), IsEmpty()) << "a lease of the last life may have been another's";
  bench.pass(1ms);
  bench.sync();
  EXPECT_THAT(bench.sent_of<promise>(), SizeIs(1));
}

TEST(given_lease, it_keeps_a_member_from_leading_itself) {
  follower one;
  one.take(1, lease_ms);
  one.bench.step(link_state{node_id{3}, false});
  one.bench.become_candidate();
  EXPECT_EQ(one.bench.core().status().role, replica_role::follower);
  one.bench.pass(200ms);
  one.bench.become_candidate();
  EXPECT_EQ(one.bench.core().status().role, replica_role::candidate);
}

TEST(given_lease, a_lease_longer_than_it_takes_to_miss_a_leader_is_refused_as_an_option) {
  auto options = replica_bench::options(3, with_leases);
  EXPECT_EQ(options.validate(), "");
  options.lease = 501ms;
  EXPECT_NE(options.validate(), "");
  options.lease = -1ms;
  EXPECT_NE(options.validate(), "");
}

}  // namespace
}  // namespace bulwark::consensus
