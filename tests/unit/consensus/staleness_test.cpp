// SPDX-License-Identifier: BSD-3-Clause
// Goal: a replica answers a stale read by itself as long as a leader vouched that its state is fresh
// enough,
//       never claims a smaller age than is true, and asks the leader whenever it cannot tell.
// Method: one replica on the bench; the test plays its peers, its clock, and how long a reply takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bulwark/consensus/core/snapshot.hpp"
#include "replica_bench.hpp"

namespace bulwark::consensus {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;

/// A follower of n3, which knows one slot.
struct stale_follower {
  stale_follower() {
    bench.receive(3, prepare{led, {}});
    bench.sync();
    bench.receive(3, accept{led, slot{1}, {one_command("first")}, {}});
    bench.sync();
    tell(1);
    bench.clear();
  }
  void tell(std::uint64_t chosen) { bench.receive(3, chosen_up_to{led, slot{chosen}}); }
  /// n3 proposes one more slot.
  void accept_slot(std::uint64_t at) {
    bench.receive(3, accept{led, slot{at}, {one_command("more")}, slot{1}});
    bench.sync();
  }
  void read(duration at_most) {
    bench.step(client_request{++requests, request_kind::stale_read, "it", at_most});
  }
  vouch asked() const { return bench.sent_of<vouch>().at(0); }
  void answer(const vouch& what, std::uint64_t chosen) {
    bench.receive(3, vouched{led, slot{chosen}, what.incarnation, what.asked_ns});
  }
  /// Reads, so that n3 is asked, and vouches at once.
  void learn_age() {
    read(1s);
    answer(asked(), 1);
    pass_back("read it");
    bench.clear();
  }
  /// n3 answers the read that was passed on.
  void pass_back(bytes reply) {
    const auto sent = bench.sent_of<forward>().at(0);
    bench.receive(
        3, forward_reply{led, sent.what.incarnation, sent.what.request, outcome::done, std::move(reply)});
  }
  duration age() const { return age_of(bench.answers.at(0).as_of.value(), bench.now()); }

  replica_bench bench;
  ballot led{5, node_id{3}};
  std::uint64_t requests = 0;
};

TEST(staleness, a_replica_that_knows_nothing_passes_the_read_on_and_asks_for_a_voucher) {
  stale_follower one;
  one.read(1s);
  EXPECT_THAT(one.bench.answers, IsEmpty());
  ASSERT_THAT(one.bench.sent_of<forward>(), SizeIs(1));
  EXPECT_EQ(one.bench.sent_of<forward>()[0].kind, request_kind::read);
  EXPECT_THAT(one.bench.sent_of<vouch>(), SizeIs(1));
  EXPECT_EQ(one.bench.core().status().passed_reads, 1u);
}

TEST(staleness, once_there_is_a_voucher_it_answers_by_itself) {
  stale_follower one;
  one.learn_age();
  one.bench.pass(30ms);
  one.read(1s);
  ASSERT_THAT(one.bench.answers, SizeIs(1));
  EXPECT_EQ(one.bench.answers[0].reply, "read it");
  EXPECT_THAT(one.bench.sent_of<forward>(), IsEmpty());
  EXPECT_THAT(one.bench.sent_of<vouch>(), IsEmpty());
  EXPECT_EQ(one.bench.core().status().stale_reads, 1u);
}

TEST(staleness, its_age_counts_from_when_the_voucher_was_asked_for) {
  stale_follower one;
  one.read(1s);
  const auto asked = one.asked();
  one.bench.pass(40ms);
  one.answer(asked, 1);
  one.bench.clear();
  one.bench.pass(20ms);
  one.read(1s);
  ASSERT_THAT(one.bench.answers, SizeIs(1));
  EXPECT_EQ(one.age(), 64ms) << "60 ms, and a fifteenth more for clocks that go faster";
}

TEST(staleness, an_age_holds_by_the_clock_of_any_member) {
  const instant then{1h};
  EXPECT_EQ(age_of(then, then), 0ns);
  EXPECT_EQ(age_of(then, then + 1ns), 2ns);
  EXPECT_EQ(age_of(then, then + 15s), 16s);
}

TEST(staleness, what_is_too_old_is_passed_on) {
  stale_follower one;
  one.learn_age();
  one.bench.pass(94ms);
  one.read(100ms);
  EXPECT_THAT(one.bench.answers, IsEmpty());
  EXPECT_THAT(one.bench.sent_of<forward>(), SizeIs(1));
  one.read(101ms);
  EXPECT_THAT(one.bench.answers, SizeIs(1));
}

TEST(staleness, nobody_is_asked_for_what_may_have_no_age) {
  stale_follower one;
  one.learn_age();
  one.bench.pass(1ms);
  one.read(0ms);
  EXPECT_THAT(one.bench.sent_of<forward>(), SizeIs(1));
  EXPECT_THAT(one.bench.sent_of<vouch>(), IsEmpty());
}

TEST(staleness, the_leader_is_asked_again_when_half_of_the_age_is_over) {
  stale_follower one;
  one.learn_age();
  one.bench.pass(46ms);
  one.read(100ms);
  EXPECT_THAT(one.bench.sent_of<vouch>(), IsEmpty());
  one.bench.pass(1ms);
  one.read(100ms);
  one.read(100ms);
  EXPECT_THAT(one.bench.answers, SizeIs(3)) << "nobody waits for that";
  EXPECT_THAT(one.bench.sent_of<vouch>(), SizeIs(1)) << "nor is it asked twice";
}

TEST(staleness, a_question_that_is_not_answered_is_repeated_after_an_interval_if_somebody_reads) {
  stale_follower one;
  one.read(1s);
  one.bench.clear();
  one.bench.pass(99ms);
  one.read(1s);
  EXPECT_THAT(one.bench.sent_of<vouch>(), IsEmpty());
  one.bench.pass(1ms);
  EXPECT_THAT(one.bench.sent_of<vouch>(), IsEmpty());
  one.read(1s);
  EXPECT_THAT(one.bench.sent_of<vouch>(), SizeIs(1));
}

TEST(staleness, a_voucher_counts_once_all_of_it_is_applied) {
  stale_follower one;
  one.read(1s);
  const auto asked = one.asked();
  one.answer(asked, 2);
  one.bench.clear();
  one.read(1s);
  EXPECT_THAT(one.bench.answers, IsEmpty()) << "slot 2 is not here";
  one.accept_slot(2);
  one.bench.pass(10ms);
  one.tell(2);
  one.bench.clear();
  one.read(1s);
  ASSERT_THAT(one.bench.answers, SizeIs(1));
  EXPECT_EQ(one.bench.answers[0].as_of, one.bench.now() - 10ms);
}

TEST(staleness, a_voucher_tells_how_far_the_log_is_chosen) {
  stale_follower one;
  one.accept_slot(2);
  one.read(1s);
  const auto asked = one.asked();
  one.bench.clear();
  one.answer(asked, 2);
  EXPECT_THAT(one.bench.applied, SizeIs(1));
  one.read(1s);
  EXPECT_THAT(one.bench.answers, SizeIs(1));
}

TEST(staleness, vouchers_that_are_doubled_late_or_overtaken_make_nothing_younger) {
  stale_follower one;
  one.read(1s);
  const auto first = one.asked();
  one.bench.clear();
  one.bench.pass(100ms);
  one.read(1s);
  const auto second = one.asked();
  const auto second_at = one.bench.now();
  one.answer(second, 1);
  one.bench.pass(50ms);
  one.answer(first, 1);
  one.answer(second, 1);
  one.bench.clear();
  one.read(1s);
  ASSERT_THAT(one.bench.answers, SizeIs(1));
  EXPECT_EQ(one.bench.answers[0].as_of, second_at);
}

TEST(staleness, a_voucher_for_an_earlier_life_or_of_the_future_means_nothing) {
  stale_follower one;
  one.read(1s);
  auto asked = one.asked();
  ++asked.incarnation;
  one.answer(asked, 1);
  asked = one.asked();
  asked.asked_ns += 1;
  one.answer(asked, 1);
  one.bench.clear();
  one.read(1s);
  EXPECT_THAT(one.bench.answers, IsEmpty());
}

TEST(staleness, of_many_vouchers_that_wait_for_the_log_the_first_and_the_last_count) {
  stale_follower one;
  std::vector<instant> asked_at;
  for (std::uint64_t i = 0; i < 20; ++i) {
    one.bench.clear();
    one.bench.pass(10ms);
    one.read(i == 0 ? 1s : 1ms);
    if (one.bench.sent_of<vouch>().empty()) continue;
    asked_at.push_back(one.bench.now());
    one.answer(one.asked(), i + 2);
  }
  ASSERT_THAT(asked_at, SizeIs(20));
  one.accept_slot(2);
  one.tell(2);
  one.bench.clear();
  one.read(1s);
  ASSERT_THAT(one.bench.answers, SizeIs(1));
  EXPECT_EQ(one.bench.answers[0].as_of, asked_at.front());
  for (std::uint64_t at = 3; at <= 21; ++at) one.accept_slot(at);
  one.tell(21);
  one.bench.clear();
  one.read(1s);
  ASSERT_THAT(one.bench.answers, SizeIs(1));
  EXPECT_EQ(one.bench.answers[0].as_of, asked_at.back());
}

TEST(staleness, a_reply_that_took_too_long_is_not_given) {
  stale_follower one;
  one.learn_age();
  one.bench.query_takes = 200ms;
  one.read(100ms);
  EXPECT_THAT(one.bench.answers, IsEmpty());
  EXPECT_THAT(one.bench.sent_of<forward>(), SizeIs(1)) << "the leader is asked instead";
}

TEST(staleness, a_state_that_is_becoming_that_of_a_snapshot_is_not_read) {
  stale_follower one;
  one.learn_age();
  const std::string state = "the whole state";
  const snapshot_id whole{slot{9}, state.size(), snapshot_hash(state)};
  one.bench.receive(3, snapshot_chunk{{whole, 0, state}, slot{9}});
  ASSERT_THAT(one.bench.installs, SizeIs(1));
  one.read(1s);
  EXPECT_THAT(one.bench.queries, IsEmpty());
  EXPECT_THAT(one.bench.sent_of<forward>(), SizeIs(1));
  one.bench.step(restored{slot{9}});
  one.read(1s);
  EXPECT_THAT(one.bench.queries, SizeIs(1));
  EXPECT_THAT(one.bench.answers, SizeIs(1));
}

TEST(staleness, what_was_passed_on_is_as_old_as_the_question) {
  stale_follower one;
  one.read(100ms);
  const auto asked_at = one.bench.now();
  one.bench.pass(300ms);
  const auto sent = one.bench.sent_of<forward>().at(0);
  one.bench.receive(3,
                    forward_reply{one.led, sent.what.incarnation, sent.what.request, outcome::done, "new"});
  ASSERT_THAT(one.bench.answers, SizeIs(1));
  EXPECT_EQ(one.bench.answers[0].reply, "new");
  EXPECT_EQ(one.bench.answers[0].as_of, asked_at);
}

TEST(staleness, without_a_leader_it_goes_on_until_it_is_too_old_and_then_fails_as_a_read_does) {
  stale_follower one;
  one.learn_age();
  one.bench.step(link_state{node_id{3}, false});
  one.bench.step(link_state{node_id{2}, false});
  one.bench.pass(400ms);
  one.read(500ms);
  EXPECT_THAT(one.bench.answers, SizeIs(1));
  one.bench.pass(100ms);
  one.bench.clear();
  one.read(500ms);
  EXPECT_THAT(one.bench.answers, IsEmpty());
  one.bench.pass(1s);
  ASSERT_THAT(one.bench.answers, SizeIs(1));
  EXPECT_EQ(one.bench.answers[0].result, outcome::no_leader);
  EXPECT_EQ(one.bench.answers[0].as_of, std::nullopt);
}

TEST(staleness, other_reads_have_no_age) {
  stale_follower one;
  one.bench.step(client_request{1, request_kind::read, "it"});
  const auto sent = one.bench.sent_of<forward>().at(0);
  one.bench.receive(3,
                    forward_reply{one.led, sent.what.incarnation, sent.what.request, outcome::done, "new"});
  ASSERT_THAT(one.bench.answers, SizeIs(1));
  EXPECT_EQ(one.bench.answers[0].as_of, std::nullopt);
}

}  // namespace
}  // namespace bulwark::consensus
