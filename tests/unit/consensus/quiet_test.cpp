// SPDX-License-Identifier: BSD-3-Clause
// Goal: a group that has nothing to do stops its heartbeat rounds, all of it or nobody, and whatever happens
//       begins them again.
// Method: a replica on the bench, as leader and as follower; the test plays its peers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "replica_bench.hpp"

namespace bulwark::consensus {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto step_time = 20ms;

void quiet_soon(replica_options& options) { options.quiet_after = 300ms; }

class quiet_leader : public testing::Test {
 protected:
  quiet_leader() : bench_{3, {}, &quiet_soon} { under_ = bench_.become_leader(); }

  /// Peers that follow, and rest if they are asked and `rests` says so.
  void follow(duration how_long, bool two_rests, bool three_rests) {
    for (duration passed{0}; passed < how_long; passed += step_time) {
      bench_.pass(step_time);
      bench_.sync();
      for (const auto& one : std::exchange(bench_.sent, {}))
        answer(one, one.to == node_id{2} ? two_rests : three_rests);
    }
  }
  void answer(const envelope& what, bool rests) {
    const auto from = number(what.to);
    if (what.to == mute_) return;
    if (const auto* asked = std::get_if<beat>(&what.what))
      bench_.receive(from, beat_ack{asked->round, {0, what.to}, under_, true, slot{1}});
    if (const auto* asked = std::get_if<rest>(&what.what); asked && rests)
      bench_.receive(from, resting{asked->under, asked->attempt});
  }
  [[nodiscard]] bool is_quiet() { return bench_.core().status().quiet; }

  replica_bench bench_;
  ballot under_;
  node_id mute_ = node_id::none;
};

TEST_F(quiet_leader, falls_quiet_once_all_rest) {
  follow(4s, true, true);
  EXPECT_TRUE(is_quiet());
  EXPECT_EQ(bench_.core().next_wakeup(), instant::max());
  EXPECT_EQ(bench_.core().status().role, replica_role::leader);
  bench_.clear();
  bench_.pass(10s);
  EXPECT_THAT(bench_.sent, IsEmpty());
}

TEST_F(quiet_leader, stays_awake_while_one_does_not_rest) {
  follow(10s, true, false);
  EXPECT_FALSE(is_quiet());
}

TEST_F(quiet_leader, does_not_wait_for_who_is_out_of_reach) {
  mute_ = node_id{3};
  bench_.step(link_state{node_id{3}, false});
  follow(4s, true, false);
  EXPECT_TRUE(is_quiet());
  bench_.clear();
  bench_.step(link_state{node_id{3}, true});
  EXPECT_FALSE(is_quiet());
  EXPECT_THAT(bench_.sent_of<beat>(), testing::Not(IsEmpty()));
}

TEST_F(quiet_leader, does_not_wait_for_who_is_silent) {
  bench_.step(peer_silence{node_id{3}, true});
  follow(4s, true, false);
  EXPECT_TRUE(is_quiet());
  bench_.step(peer_silence{node_id{3}, false});
  EXPECT_FALSE(is_quiet());
}

TEST_F(quiet_leader, an_answer_to_an_earlier_question_does_not_count) {
  std::optional<rest> first;
  for (int i = 0; i < 500 && !first; ++i) {
    bench_.pass(step_time);
    bench_.sync();
    for (const auto& one : std::exchange(bench_.sent, {})) {
      answer(one, false);
      if (const auto* asked = std::get_if<rest>(&one.what)) first = *asked;
    }
  }
  ASSERT_TRUE(first);
  follow(3s, true, false);
  bench_.receive(3, resting{first->under, first->attempt});
  EXPECT_FALSE(is_quiet());
}

TEST_F(quiet_leader, whatever_happens_wakes_it) {
  const event table[] = {
      client_request{1, request_kind::write, "x"},
      client_request{1, request_kind::read, "x"},
      link_state{node_id{2}, false},
      peer_silence{node_id{2}, true},
      storage_state{false},
      transfer{1, node_id{2}},
      received{{node_id{2}, node_id{1}, beat{1}}},
      received{{node_id{2}, node_id{1}, prepare{{9, node_id{2}}, slot{1}}}},
      received{{node_id{2}, node_id{1}, learn{slot{1}}}},
      received{{node_id{2}, node_id{1}, beat_ack{1, {0, node_id{2}}, {}, false, slot{1}}}},
  };
  for (const auto& what : table) {
    replica_bench fresh{3, {}, &quiet_soon};
    std::swap(bench_, fresh);
    under_ = bench_.become_leader();
    follow(4s, true, true);
    ASSERT_TRUE(is_quiet()) << what.index();
    bench_.pass(1s);
    bench_.clear();
    bench_.step(what);
    EXPECT_FALSE(is_quiet()) << what.index();
    EXPECT_THAT(bench_.sent_of<beat>(), testing::Not(IsEmpty())) << what.index();
    EXPECT_LT(bench_.core().next_wakeup(), instant::max()) << what.index();
  }
}

TEST_F(quiet_leader, misses_a_majority_that_went_while_it_was_quiet) {
  follow(4s, true, true);
  bench_.pass(10s);
  bench_.step(peer_silence{node_id{2}, true});
  EXPECT_EQ(bench_.core().status().role, replica_role::leader) << "one is still there";
  bench_.step(peer_silence{node_id{3}, true});
  for (int i = 0; i < 50; ++i) bench_.pass(step_time);
  EXPECT_EQ(bench_.core().status().role, replica_role::follower);
}

// -- a follower -------------------------------------------------------------------------------------------

constexpr ballot ruled_by_two{5, node_id{2}};

class quiet_follower : public testing::Test {
 protected:
  quiet_follower() : bench_{3, {}, &quiet_soon} {
    bench_.receive(2, prepare{ruled_by_two, {}});
    bench_.sync();
    bench_.receive(2, accept{ruled_by_two, slot{1}, {value{}}, {}, {}});
    bench_.sync();
    bench_.receive(2, chosen_up_to{ruled_by_two, slot{1}});
    follow(2s);
    bench_.clear();
  }
  void follow(duration how_long) {
    for (duration passed{0}; passed < how_long; passed += step_time) {
      bench_.pass(step_time);
      bench_.sync();
      for (const auto& one : std::exchange(bench_.sent, {}))
        if (const auto* asked = std::get_if<beat>(&one.what))
          bench_.receive(number(one.to),
                         beat_ack{asked->round, one.to == node_id{2} ? ruled_by_two : ballot{0, node_id{3}},
                                  ruled_by_two, true, slot{1}});
    }
  }
  replica_bench bench_;
};

TEST_F(quiet_follower, rests_when_it_knows_all_and_says_so) {
  bench_.receive(2, rest{ruled_by_two, slot{1}, 4});
  EXPECT_TRUE(bench_.core().status().quiet);
  EXPECT_THAT(bench_.sent_of<resting>(), ElementsAre(resting{ruled_by_two, 4}));
  bench_.clear();
  bench_.pass(10s);
  EXPECT_THAT(bench_.sent, IsEmpty());
  EXPECT_EQ(bench_.core().status().leader, ruled_by_two);
}

TEST_F(quiet_follower, does_not_rest_if_it_knows_less_or_follows_another) {
  bench_.receive(2, rest{ruled_by_two, slot{2}, 4});
  bench_.receive(3, rest{{4, node_id{3}}, slot{1}, 4});
  EXPECT_FALSE(bench_.core().status().quiet);
  EXPECT_THAT(bench_.sent_of<resting>(), IsEmpty());
}

TEST_F(quiet_follower, does_not_rest_while_a_client_waits) {
  bench_.step(client_request{1, request_kind::write, "x"});
  bench_.receive(2, rest{ruled_by_two, slot{1}, 4});
  EXPECT_FALSE(bench_.core().status().quiet);
}

TEST_F(quiet_follower, who_begins_rounds_in_a_group_that_rests_wakes_it) {
  bench_.receive(2, rest{ruled_by_two, slot{1}, 4});
  bench_.receive(2, beat{77});
  EXPECT_TRUE(bench_.core().status().quiet) << "it may have been sent before";
  bench_.pass(1s);
  bench_.receive(2, beat{1});
  EXPECT_FALSE(bench_.core().status().quiet);
}

TEST_F(quiet_follower, a_leader_that_restarted_is_replaced) {
  bench_.receive(2, rest{ruled_by_two, slot{1}, 4});
  bench_.pass(10s);
  bench_.receive(2, beat{1});
  for (int i = 0; i < 20 && bench_.core().status().role == replica_role::follower; ++i) {
    for (const auto& one : std::exchange(bench_.sent, {}))
      if (const auto* asked = std::get_if<beat>(&one.what))
        bench_.receive(number(one.to), beat_ack{asked->round, {0, one.to}, ruled_by_two, false, slot{1}});
    bench_.pass(step_time);
  }
  EXPECT_EQ(bench_.core().status().role, replica_role::candidate);
}

TEST_F(quiet_follower, a_leader_whose_process_is_silent_is_replaced) {
  bench_.receive(2, rest{ruled_by_two, slot{1}, 4});
  bench_.pass(10s);
  bench_.step(peer_silence{node_id{2}, true});
  for (int i = 0; i < 20 && bench_.core().status().role == replica_role::follower; ++i) {
    for (const auto& one : std::exchange(bench_.sent, {}))
      if (const auto* asked = std::get_if<beat>(&one.what); asked && one.to == node_id{3})
        bench_.receive(3, beat_ack{asked->round, {0, node_id{3}}, ruled_by_two, false, slot{1}});
    bench_.pass(step_time);
  }
  EXPECT_EQ(bench_.core().status().role, replica_role::candidate);
}

TEST(quiet_mode, is_off_unless_asked_for) {
  replica_bench bench;
  bench.become_leader();
  for (int i = 0; i < 500; ++i) bench.pass(step_time);
  EXPECT_FALSE(bench.core().status().quiet);
  EXPECT_THAT(bench.sent_of<rest>(), IsEmpty());
}

}  // namespace
}  // namespace bulwark::consensus
