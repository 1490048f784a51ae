// SPDX-License-Identifier: BSD-3-Clause
// Goal: a node says how busy it is when that has changed for a while, and neither often nor for nothing.
// Method: measurements in virtual time.
#include "bulwark/supervision/core/load_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;
using told = std::optional<std::uint32_t>;

struct load_run {
  /// Measures so much each second; what was said then, of which the group hears if `is_heard`.
  std::vector<std::uint32_t> measure(std::uint32_t permille, int seconds, bool is_heard = true) {
    std::vector<std::uint32_t> said;
    for (int i = 0; i < seconds; ++i) {
      now += 1s;
      const auto word = report.step(permille, shown, now);
      if (word) said.push_back(*word);
      if (word && is_heard) shown = *word;
    }
    return said;
  }

  load_report report{{.every = 10s, .change_permille = 150}};
  std::uint32_t shown = 0;
  instant now{1h};
};

TEST(load_report, an_idle_node_says_nothing) {
  load_run run;
  EXPECT_THAT(run.measure(0, 100), testing::IsEmpty());
  EXPECT_THAT(run.measure(149, 100), testing::IsEmpty()) << "too little";
}

TEST(load_report, a_load_that_lasts_is_said_once_and_so_is_its_end) {
  load_run run;
  EXPECT_THAT(run.measure(600, 10), testing::IsEmpty()) << "not at once";
  EXPECT_THAT(run.measure(600, 100), testing::ElementsAre(600));
  EXPECT_THAT(run.measure(460, 100), testing::IsEmpty()) << "about the same";
  EXPECT_THAT(run.measure(450, 100), testing::ElementsAre(450));
  EXPECT_THAT(run.measure(0, 100), testing::Contains(0));
  EXPECT_EQ(run.shown, 0u);
}

TEST(load_report, the_mean_of_the_period_counts_and_not_the_moment) {
  load_run run;
  run.measure(0, 1);
  EXPECT_THAT(run.measure(1000, 1), testing::IsEmpty());
  EXPECT_THAT(run.measure(0, 100), testing::IsEmpty()) << "a moment is not worth a word";
  const instant before = run.now;
  for (int i = 0; run.shown == 0 && i < 100; ++i) {
    run.measure(1000, 1);
    run.measure(0, 1);
  }
  EXPECT_THAT(run.shown, testing::AllOf(testing::Ge(400u), testing::Le(600u)));
  EXPECT_LE(run.now - before, 12s);
}

TEST(load_report, it_is_said_at_most_once_in_a_period) {
  load_run run;
  std::size_t words = 0;
  for (int i = 0; i < 50; ++i) words += run.measure(i % 2 == 0 ? 1000 : 0, 2).size();
  EXPECT_LE(words, 10u) << "in 100 s";
  words = 0;
  for (int i = 0; i < 5; ++i) words += run.measure(i % 2 == 0 ? 1000 : 0, 20).size();
  EXPECT_GE(words, 4u);
  EXPECT_LE(words, 10u);
}

TEST(load_report, what_the_group_did_not_hear_or_has_forgotten_is_said_again) {
  load_run run;
  EXPECT_THAT(run.measure(600, 31, false), testing::ElementsAre(600, 600, 600));
  EXPECT_THAT(run.measure(600, 10), testing::ElementsAre(600));
  run.shown = 0;
  EXPECT_THAT(run.measure(600, 20), testing::ElementsAre(600));
}

TEST(load_report, it_never_says_anything_if_that_is_wanted_and_more_than_all_is_all) {
  load_report never{{.every = 0s}};
  EXPECT_EQ(never.step(1000, 0, instant{1h}), told{});
  EXPECT_EQ(never.step(1000, 0, instant{2h}), told{});
  load_report eager{{.every = 1s, .change_permille = 1}};
  EXPECT_EQ(eager.step(5000, 0, instant{1h}), told{});
  EXPECT_EQ(eager.step(5000, 0, instant{2h}), told{1000u});
}

TEST(load_report, options_that_make_no_sense_are_refused_with_what_was_expected) {
  EXPECT_EQ(load_report_options{}.validate(), "");
  EXPECT_EQ(load_report_options{.every = 0s}.validate(), "");
  EXPECT_THAT(load_report_options{.every = -1s}.validate(),
              testing::HasSubstr("expected 0 (never) or above"));
  EXPECT_THAT(load_report_options{.change_permille = 0}.validate(), testing::HasSubstr("expected 1 to 1000"));
  EXPECT_THAT(load_report_options{.change_permille = 1001}.validate(), testing::HasSubstr("is 1001"));
}

TEST(load_report, the_cores_of_a_machine_share_its_load) {
  EXPECT_EQ(load_permille(1500, 2), 750u);
  EXPECT_EQ(load_permille(2500, 2), 1000u);
  EXPECT_EQ(load_permille(300, 0), 300u) << "a machine that does not tell has one";
}

}  // namespace
}  // namespace bulwark::test
