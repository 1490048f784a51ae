// SPDX-License-Identifier: BSD-3-Clause
// Goal: a leader vouches for what is chosen only with a majority that confirms it, after it was asked, and
// once it
//       knows what the leaders before it acknowledged.
// Method: one replica on the bench that leads; the test plays those who ask, and those who confirm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replica_bench.hpp"

namespace bulwark::consensus {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr vouch question{77, 123456};

TEST(a_leaders_voucher, needs_a_majority_that_confirms_it_after_the_question) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.receive(3, question);
  EXPECT_THAT(bench.sent_of<vouched>(), IsEmpty());
  const auto asked = bench.sent_of<confirm>();
  ASSERT_THAT(asked, SizeIs(2));
  bench.receive(2, confirmed{under, asked[0].round, 0});
  EXPECT_THAT(bench.sent_of<vouched>(), ElementsAre(vouched{under, slot{1}, 77, 123456}));
}

TEST(a_leaders_voucher, a_round_that_is_under_way_says_nothing_of_a_later_question) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.step(client_request{1, request_kind::read, "other"});
  bench.receive(3, question);
  const auto first = bench.sent_of<confirm>().at(0).round;
  bench.receive(2, confirmed{under, first, 0});
  EXPECT_THAT(bench.answers, SizeIs(1));
  EXPECT_THAT(bench.sent_of<vouched>(), IsEmpty());
  bench.receive(2, confirmed{under, bench.sent_of<confirm>().back().round, 0});
  EXPECT_THAT(bench.sent_of<vouched>(), SizeIs(1));
}

TEST(a_leaders_voucher, of_each_node_the_latest_question_waits) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.step(client_request{1, request_kind::read, "other"});
  for (std::uint64_t i = 1; i <= 5; ++i) bench.receive(3, vouch{77, i});
  bench.receive(2, confirmed{under, bench.sent_of<confirm>().at(0).round, 0});
  bench.receive(2, confirmed{under, bench.sent_of<confirm>().back().round, 0});
  EXPECT_THAT(bench.sent_of<vouched>(), ElementsAre(vouched{under, slot{1}, 77, 5}));
}

TEST(a_leaders_voucher, is_not_given_before_the_barrier_is_applied) {
  replica_bench bench;
  const auto under = bench.become_candidate();
  bench.sync();
  bench.receive(2, promise{under, {}, 0, 1, {}});
  bench.sync();
  bench.receive(3, question);
  EXPECT_THAT(bench.sent_of<confirm>(), IsEmpty());
  bench.receive(2, accepted{under, slot{1}, slot{1}});
  ASSERT_THAT(bench.sent_of<confirm>(), SizeIs(2));
  bench.receive(2, confirmed{under, bench.sent_of<confirm>()[0].round, 0});
  EXPECT_THAT(bench.sent_of<vouched>(), SizeIs(1));
}

TEST(a_leaders_voucher, is_not_given_by_one_that_was_deposed_meanwhile) {
  replica_bench bench;
  const auto under = bench.become_leader();
  bench.receive(3, question);
  const auto round = bench.sent_of<confirm>().at(0).round;
  bench.receive(2, prepare{{under.round + 1, node_id{2}}, {}});
  bench.sync();
  bench.receive(2, confirmed{under, round, 0});
  EXPECT_THAT(bench.sent_of<vouched>(), IsEmpty());
}

TEST(a_leaders_voucher, a_lease_is_as_good_as_a_round) {
  replica_bench bench{3, {}, [](replica_options& options) { options.lease = 200ms; }};
  bench.pass(200ms);
  const auto under = bench.become_leader();
  bench.step(client_request{1, request_kind::read, "first"});
  bench.receive(2, confirmed{under, bench.sent_of<confirm>().at(0).round, 200});
  bench.clear();
  bench.receive(3, question);
  EXPECT_THAT(bench.sent_of<vouched>(), SizeIs(1));
  bench.pass(190ms);
  bench.clear();
  bench.receive(3, question);
  EXPECT_THAT(bench.sent_of<vouched>(), IsEmpty()) << "it is over";
}

TEST(a_leaders_voucher, serves_its_own_stale_reads_as_well) {
  replica_bench bench;
  const auto under = bench.become_leader();
  const auto asked_at = bench.now();
  bench.step(client_request{1, request_kind::stale_read, "it", 1s});
  EXPECT_THAT(bench.answers, IsEmpty());
  ASSERT_THAT(bench.sent_of<confirm>(), SizeIs(2));
  bench.receive(2, confirmed{under, bench.sent_of<confirm>()[0].round, 0});
  EXPECT_THAT(bench.answers, SizeIs(1));
  bench.clear();
  bench.pass(5ms);
  bench.step(client_request{2, request_kind::stale_read, "it", 1s});
  ASSERT_THAT(bench.answers, SizeIs(1));
  EXPECT_EQ(bench.answers[0].as_of, asked_at);
  EXPECT_THAT(bench.sent_of<confirm>(), IsEmpty());
}

TEST(a_leaders_voucher, of_a_group_of_one_needs_nobody) {
  replica_bench bench{1};
  bench.become_leader();
  bench.step(client_request{1, request_kind::stale_read, "it", 1s});
  bench.step(client_request{2, request_kind::stale_read, "it", 1s});
  EXPECT_THAT(bench.answers, SizeIs(2));
  EXPECT_EQ(bench.core().status().stale_reads, 1u);
}

}  // namespace
}  // namespace bulwark::consensus
