// SPDX-License-Identifier: BSD-3-Clause
// Goal: a child that crashes again and again costs a reader a bounded number of events, no failure goes
// uncounted, and what happens rarely always passes.
// Method: by hand for each rule; random events of many children, in which the failures told and those in
// accounts have to add up.
#include "bulwark/supervision/core/storm_filter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/core/random.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

class storm : public testing::Test {
 protected:
  using lines = std::vector<std::string>;

  void take(event_kind kind, std::string path = "w", std::string reason = {}) {
    supervision_event event;
    event.kind = kind;
    event.path = std::move(path);
    event.reason.text = std::move(reason);
    event.at = now;
    filter.step(event, told);
  }

  void crash_loop(int turns, duration pace, const std::string& path = "w") {
    for (int i = 0; i < turns; ++i, now += pace) {
      take(event_kind::exited, path, "boom " + std::to_string(i + 1));
      take(event_kind::started, path);
      take(event_kind::ready, path);
      take(event_kind::restarted, path);
    }
  }

  void pass(duration length) { filter.tick(now += length, told); }

  /// What was told since the last time: "kind path", and for a storm how many.
  lines story() {
    lines told_so;
    for (const auto& event : std::exchange(told, {})) {
      told_so.push_back(std::string{to_string(event.kind)} + ' ' + event.path);
      if (event.kind == event_kind::crash_storm) told_so.back() += ' ' + std::to_string(event.ends);
    }
    return told_so;
  }

  instant now{1h};
  storm_filter filter{{.in_full = 2, .period = 10s, .children_max = 3}};
  std::vector<supervision_event> told;
};

TEST_F(storm, few_failures_pass_in_full) {
  crash_loop(2, 1s);
  EXPECT_EQ(story(), (lines{"exited w", "started w", "ready w", "restarted w", "exited w", "started w",
                            "ready w", "restarted w"}));
  pass(1min);
  EXPECT_EQ(story(), lines{});
  EXPECT_FALSE(filter.next_wakeup());
}

TEST_F(storm, those_beyond_come_as_one_event_at_the_end_of_the_period) {
  crash_loop(7, 1s);
  EXPECT_EQ(story().size(), 8u);
  EXPECT_EQ(filter.next_wakeup(), instant{1h} + 10s);
  now = instant{1h} + 10s;
  pass(0s);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].reason.text, "boom 7");
  EXPECT_EQ(told[0].within, 8s) << "from the first that was left out";
  EXPECT_EQ(story(), (lines{"crash_storm w 5"}));
}

TEST_F(storm, while_it_lasts_every_period_costs_one_event) {
  crash_loop(1000, 100ms);
  EXPECT_EQ(story(),
            (lines{"exited w", "started w", "ready w", "restarted w", "exited w", "started w", "ready w",
                   "restarted w", "crash_storm w 98", "crash_storm w 100", "crash_storm w 100",
                   "crash_storm w 100", "crash_storm w 100", "crash_storm w 100", "crash_storm w 100",
                   "crash_storm w 100", "crash_storm w 100"}));
}

TEST_F(storm, its_end_tells_how_the_child_stands_and_then_all_passes_again) {
  crash_loop(3, 1s);
  story();
  pass(10s);
  EXPECT_EQ(story(), (lines{"crash_storm w 1"}));
  pass(10s);
  EXPECT_EQ(story(), (lines{"restarted w"}));
  take(event_kind::exited);
  EXPECT_EQ(story(), (lines{"exited w"}));
}

TEST_F(storm, a_child_that_stays_down_leaves_nothing_to_say_behind) {
  crash_loop(2, 1s);
  story();
  take(event_kind::exited);
  pass(1min);
  EXPECT_EQ(story(), (lines{"crash_storm w 1"}));
}

TEST_F(storm, decisions_pass_at_once_behind_the_account_of_what_led_to_them) {
  crash_loop(4, 1s);
  story();
  take(event_kind::parked);
  EXPECT_EQ(story(), (lines{"crash_storm w 2", "restarted w", "parked w"}));
  take(event_kind::gave_up, "");
  EXPECT_EQ(story(), (lines{"gave_up "}));
}

TEST_F(storm, siblings_that_are_stopped_again_and_again_are_thinned_out_as_well) {
  for (int i = 0; i < 50; ++i, now += 10ms) {
    take(event_kind::exited, "w");
    for (const auto kind : {event_kind::stopped, event_kind::started, event_kind::ready})
      take(kind, "sibling");
  }
  pass(10s);
  const auto seen = story();
  EXPECT_EQ(std::ranges::count(seen, "crash_storm sibling 48"), 1);
  EXPECT_LE(seen.size(), 2u + 6u + 2u);
}

TEST_F(storm, other_children_are_not_concerned) {
  crash_loop(50, 10ms);
  story();
  take(event_kind::exited, "calm");
  take(event_kind::started, "calm");
  EXPECT_EQ(story(), (lines{"exited calm", "started calm"}));
}

TEST_F(storm, too_many_children_share_one_account) {
  for (const auto* path : {"a", "b", "c", "d", "e", "f"}) crash_loop(1, 0s, path);
  EXPECT_EQ(story().size(), 5u * 4u);
  pass(10s);
  EXPECT_EQ(story(), (lines{"crash_storm * 1"}));
  pass(10s);
  EXPECT_EQ(story(), (lines{"restarted f"}));
}

TEST_F(storm, a_flush_tells_what_was_held_back) {
  crash_loop(5, 1s);
  story();
  filter.flush(now, told);
  EXPECT_EQ(story(), (lines{"crash_storm w 3", "restarted w"}));
  EXPECT_FALSE(filter.next_wakeup());
}

TEST_F(storm, no_failure_goes_uncounted_and_what_is_told_is_bounded) {
  constexpr std::array kinds{event_kind::exited, event_kind::started,   event_kind::start_failed,
                             event_kind::ready,  event_kind::restarted, event_kind::parked};
  random_stream random{3};
  std::uint64_t ends = 0;
  for (int i = 0; i < 200'000; ++i, now += std::chrono::microseconds{random.below(2000)}) {
    auto kind = kinds[random.below(kinds.size())];
    if (kind == event_kind::parked && random.below(1000) > 0) kind = event_kind::ready;
    ends += kind == event_kind::exited || kind == event_kind::start_failed;
    take(kind, std::string(1, static_cast<char>('a' + random.below(6))));
  }
  filter.flush(now, told);
  std::uint64_t counted = 0, in_full = 0;
  for (const auto& event : told) {
    counted += event.ends;
    in_full += event.kind == event_kind::exited || event.kind == event_kind::start_failed;
  }
  EXPECT_EQ(counted + in_full, ends);
  EXPECT_LT(told.size(), ends / 50);
}

TEST(storm_options, say_what_is_wrong) {
  EXPECT_EQ(storm_options{}.validate(), "");
  EXPECT_NE(storm_options{.period = duration::zero()}.validate(), "");
  EXPECT_NE(storm_options{.children_max = 0}.validate(), "");
}

}  // namespace
}  // namespace bulwark
