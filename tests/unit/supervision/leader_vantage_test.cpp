// SPDX-License-Identifier: BSD-3-Clause
// Goal: a leader that cannot reach a live member hands over to a voter that reaches more, and to nobody else.
// Method: node 1 leads voters 2, 3 and 4, and 5 and 6 do not vote; a table of who reaches whom answers its
// questions.
#include "bulwark/supervision/core/leader_vantage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

class leader_vantage_test : public ::testing::Test {
 protected:
  /// These two do not reach one another.
  void cut(std::uint32_t one, std::uint32_t other) {
    cuts.insert({one, other});
    cuts.insert({other, one});
  }

  std::vector<vantage::effect> step(const vantage::event& what) {
    std::vector<vantage::effect> effects;
    leader.step(what, now, effects);
    return effects;
  }

  [[nodiscard]] vantage::seen seen_by_leader() const {
    vantage::seen seen{.leads = true};
    for (const auto node : {2u, 3u, 4u, 5u, 6u}) {
      if (cuts.contains({1, node})) {
        seen.missed.push_back(node);
        continue;
      }
      seen.heard.push_back(node);
      if (node < 5) seen.electors.push_back(node);
    }
    return seen;
  }

  /// Goes on for a while; nodes answer as the table says. To whom it hands over, in order.
  std::vector<std::uint32_t> go_on(duration span) {
    std::vector<std::uint32_t> handed;
    for (const auto end = now + span; now < end; now += 50ms) {
      std::vector<vantage::effect> todo = step(seen_by_leader());
      for (std::size_t i = 0; i < todo.size(); ++i) {
        const auto effect = todo[i];
        if (const auto* to = std::get_if<vantage::hand_over>(&effect)) handed.push_back(to->to);
        const auto* question = std::get_if<vantage::ask>(&effect);
        if (!question) continue;
        ++questions;
        if (cuts.contains({1, question->helper}) || dead.contains(question->helper)) continue;
        const bool reached =
            !cuts.contains({question->helper, question->subject}) && !dead.contains(question->subject);
        const vantage::answered answer{question->helper, question->subject, question->number, reached};
        for (int times = 0; times < answers; ++times)
          for (const auto& more : step(answer)) todo.push_back(more);
      }
    }
    return handed;
  }

  leader_vantage leader{vantage_options{}};
  instant now{1h};
  std::set<std::pair<std::uint32_t, std::uint32_t>> cuts;
  std::set<std::uint32_t> dead;
  std::size_t questions = 0;
  int answers = 1;  ///< that each question gets
};

TEST_F(leader_vantage_test, asks_nobody_while_it_reaches_all) {
  EXPECT_THAT(go_on(10s), IsEmpty());
  EXPECT_EQ(questions, 0u);
}

TEST_F(leader_vantage_test, hands_over_to_a_voter_that_reaches_more) {
  cut(1, 5);
  EXPECT_EQ(go_on(1s), std::vector{2u});
}

TEST_F(leader_vantage_test, a_voter_without_a_cable_to_the_leader_counts_as_any_member) {
  cut(1, 3);
  EXPECT_EQ(go_on(1s), std::vector{2u}) << "n3 cannot be asked, nor told";
}

TEST_F(leader_vantage_test, passes_over_voters_that_miss_as_many) {
  cut(1, 5);
  cut(2, 4);
  EXPECT_EQ(go_on(1s), std::vector{3u}) << "n2 would miss n4, n4 would miss n2";
}

TEST_F(leader_vantage_test, stays_when_nobody_reaches_more) {
  cut(1, 5);
  cut(2, 4);
  cut(3, 5);
  EXPECT_THAT(go_on(10s), IsEmpty());
  EXPECT_GT(questions, 0u);
}

TEST_F(leader_vantage_test, does_not_hand_over_to_a_voter_that_misses_a_member_whom_it_hears_itself) {
  cut(1, 5);
  cut(2, 6);
  cut(4, 6);
  EXPECT_EQ(go_on(1s), std::vector{3u}) << "the others would hand over again";
  cut(3, 6);
  EXPECT_THAT(go_on(10s), IsEmpty());
}

TEST_F(leader_vantage_test, rests_for_longer_each_time_that_leadership_comes_back) {
  cut(1, 5);
  std::vector<duration> rests;
  for (int times = 0; times < 8; ++times) {
    const auto before = now;
    while (go_on(50ms).empty()) ASSERT_LT(now - before, 5min);
    rests.push_back(now - before);
    step(vantage::seen{});
  }
  for (std::size_t i = 2; i < 6; ++i) EXPECT_GE(rests[i], rests[i - 1] * 3 / 2);
  EXPECT_GT(rests.back(), 55s);
  EXPECT_LT(rests.back(), 65s);
  now += 3min;
  go_on(1s);
  step(vantage::seen{});
  EXPECT_EQ(go_on(5s).size(), 1u) << "and for no longer than at first once all was well for a while";
}

TEST_F(leader_vantage_test, rests_no_longer_after_a_hand_over_that_came_to_nothing) {
  cut(1, 5);
  EXPECT_EQ(go_on(600ms).size(), 1u);
  for (const auto voter : {2u, 3u, 4u}) cut(voter, 5);
  EXPECT_THAT(go_on(2500ms), IsEmpty()) << "it leads on, and has looked once more";
  step(vantage::seen{});
  cuts.clear();
  cut(1, 5);
  EXPECT_EQ(go_on(2s).size(), 1u);
}

TEST_F(leader_vantage_test, fewer_misses_are_enough) {
  cut(1, 5);
  cut(1, 4);
  cut(2, 5);
  cut(3, 5);
  EXPECT_EQ(go_on(1s), std::vector{2u}) << "nobody reaches all";
}

TEST_F(leader_vantage_test, stays_when_the_missed_one_is_dead) {
  cut(1, 5);
  dead = {5};
  EXPECT_THAT(go_on(10s), IsEmpty());
}

TEST_F(leader_vantage_test, silence_of_those_asked_is_no_yes) {
  cut(1, 5);
  dead = {2, 3, 4};
  EXPECT_THAT(go_on(10s), IsEmpty());
}

TEST_F(leader_vantage_test, doubled_answers_count_once) {
  cut(1, 5);
  cut(2, 4);
  cut(3, 5);
  answers = 5;
  EXPECT_THAT(go_on(10s), IsEmpty());
}

TEST_F(leader_vantage_test, answers_that_were_not_asked_for_count_nothing) {
  cut(1, 5);
  dead = {2, 3, 4};
  EXPECT_THAT(go_on(550ms), IsEmpty());
  ASSERT_EQ(questions, 12u);
  const auto number = leader_vantage::mark + 1;
  for (const auto& one : {vantage::answered{2, 2, number, true}, vantage::answered{7, 5, number, true},
                          vantage::answered{2, 9, number, true}, vantage::answered{2, 5, number + 1, true}})
    for (int times = 0; times < 5; ++times) EXPECT_THAT(step(one), IsEmpty());
  EXPECT_THAT(go_on(1s), IsEmpty());
}

TEST_F(leader_vantage_test, is_patient_with_a_member_that_comes_back) {
  for (int times = 0; times < 20; ++times) {
    cut(1, 5);
    EXPECT_THAT(go_on(450ms), IsEmpty());
    cuts.clear();
    EXPECT_THAT(go_on(50ms), IsEmpty());
  }
  EXPECT_EQ(questions, 0u);
}

TEST_F(leader_vantage_test, rests_between_two_attempts) {
  cut(1, 5);
  EXPECT_EQ(go_on(10s).size(), 5u) << "none of which came to anything: once each two seconds";
}

TEST_F(leader_vantage_test, who_does_not_lead_asks_nobody) {
  cut(1, 5);
  go_on(550ms);
  auto seen = seen_by_leader();
  seen.leads = false;
  for (const auto end = now + 5s; now < end; now += 50ms) EXPECT_THAT(step(seen), IsEmpty());
  questions = 0;
  EXPECT_THAT(go_on(450ms), IsEmpty()) << "a new leader is patient again";
  EXPECT_EQ(questions, 0u);
}

TEST_F(leader_vantage_test, questions_are_bounded_and_marked) {
  vantage::seen seen{.leads = true};
  for (std::uint32_t node = 100; node < 1000; ++node)
    (node < 500 ? seen.missed : node < 700 ? seen.electors : seen.heard).push_back(node);
  EXPECT_THAT(step(seen), IsEmpty());
  now += 1s;
  const auto asked = step(seen);
  // Those who are asked are subjects, too, but not to themselves.
  EXPECT_EQ(asked.size(), leader_vantage::electors_max * (leader_vantage::subjects_max - 1));
  for (const auto& one : asked) EXPECT_NE(std::get<vantage::ask>(one).number & leader_vantage::mark, 0u);
}

TEST_F(leader_vantage_test, options_that_cannot_work_are_named) {
  EXPECT_EQ(vantage_options{}.validate(), "");
  EXPECT_EQ((vantage_options{.patience = 0s}.validate()), "patience is not above zero");
  EXPECT_EQ((vantage_options{.answers_within = 0s}.validate()), "answers_within is not above zero");
  EXPECT_EQ((vantage_options{.rest = 100ms}.validate()), "rest is not above answers_within");
  EXPECT_EQ((vantage_options{.rest_max = 1s}.validate()), "rest_max is below rest");
}

}  // namespace
}  // namespace bulwark
