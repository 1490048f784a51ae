// SPDX-License-Identifier: BSD-3-Clause
// Goal: a node that lost its log gives nobody its word before it knows of the group that was without it: what
//       it promised and accepted in its life before may be counted on by others.
// Method: a replica on the bench that must not vote up to slot 2, where it was removed, and is asked by a
//         leader that does not know of that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replica_bench.hpp"

namespace bulwark::consensus {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

constexpr ballot from_two{50, node_id{2}};

value voters(std::initializer_list<std::uint32_t> ids, std::uint64_t base = 0) {
  configuration made;
  made.base = slot{base};
  for (const auto id : ids) made.nodes.push_back({node_id{id}, true, {}});
  return to_value(made);
}

struct lost_vote : testing::Test {
  replica_bench bench{3, {}, [](replica_options& o) { o.lost = {slot{2}, 40}; }};

  void ask_for_everything() {
    bench.receive(2, prepare{from_two, slot{}});
    bench.receive(2, accept{from_two, slot{9}, {one_command("x")}, slot{}});
    bench.receive(2, confirm{from_two, 1});
    bench.sync();
  }
  void learn(std::uint64_t at, value what) { bench.receive(3, learned{{{slot{at}, what}}, slot{at}}); }
};

TEST_F(lost_vote, nothing_is_promised_accepted_or_confirmed_by_what_the_settings_say) {
  ask_for_everything();
  EXPECT_THAT(bench.sent_of<promise>(), IsEmpty());
  EXPECT_THAT(bench.sent_of<accepted>(), IsEmpty());
  EXPECT_THAT(bench.sent_of<confirmed>(), IsEmpty());
  EXPECT_EQ(bench.core().status().role, replica_role::learner);
}

TEST_F(lost_vote, an_older_configuration_in_the_log_gives_no_vote) {
  learn(1, voters({1, 2, 3}));
  ask_for_everything();
  EXPECT_THAT(bench.sent_of<promise>(), IsEmpty());
  EXPECT_THAT(bench.sent_of<accepted>(), IsEmpty());
}

TEST_F(lost_vote, it_does_not_stand_for_election) {
  bench.become_candidate();
  for (int i = 0; i < 10; ++i) bench.pass(100ms);
  bench.sync();
  EXPECT_THAT(bench.sent_of<prepare>(), IsEmpty());
}

TEST_F(lost_vote, a_later_configuration_gives_the_vote_back) {
  learn(1, voters({1, 2, 3}));
  learn(2, voters({2, 3}, 1));
  ask_for_everything();
  EXPECT_THAT(bench.sent_of<promise>(), IsEmpty());
  learn(3, voters({1, 2, 3}, 2));
  bench.sync();
  EXPECT_EQ(bench.core().status().role, replica_role::follower);
  bench.receive(2, prepare{{51, node_id{2}}, slot{3}});
  bench.sync();
  EXPECT_THAT(bench.sent_of<promise>(), SizeIs(1));
}

TEST_F(lost_vote, no_ballot_of_the_life_before_is_used_again) {
  learn(1, voters({1, 2, 3}));
  learn(2, voters({2, 3}, 1));
  learn(3, voters({1, 2, 3}, 2));
  bench.sync();
  EXPECT_EQ(bench.become_candidate(), (ballot{41, node_id{1}}));
}

TEST_F(lost_vote, who_led_before_the_group_went_on_without_it_gets_no_word_once_that_is_known_either) {
  learn(1, voters({1, 2, 3}));
  learn(2, voters({2, 3}, 1));
  bench.clear();
  // n2 does not know that n1 was removed, nor that n1 has forgotten the higher ballot that it promised since.
  for (const auto under : {ballot{5, node_id{2}}, ballot{40, node_id{2}}}) {
    bench.receive(2, accept{under, slot{2}, {one_command("x")}, slot{1}, slot{1}});
    bench.receive(2, accept{under, slot{3}, {one_command("y")}, slot{1}, slot{1}});
    bench.receive(2, confirm{under, 1});
    bench.receive(2, prepare{under, slot{1}});
  }
  bench.sync();
  EXPECT_THAT(bench.sent_of<accepted>(), IsEmpty());
  EXPECT_THAT(bench.sent_of<confirmed>(), IsEmpty());
  EXPECT_THAT(bench.sent_of<promise>(), IsEmpty());
}

TEST_F(lost_vote, a_life_that_lost_nothing_votes_by_the_settings) {
  replica_bench whole;
  whole.receive(2, prepare{from_two, slot{}});
  whole.sync();
  EXPECT_THAT(whole.sent_of<promise>(), SizeIs(1));
}

}  // namespace
}  // namespace bulwark::consensus
