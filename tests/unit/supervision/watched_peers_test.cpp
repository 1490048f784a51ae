// SPDX-License-Identifier: BSD-3-Clause
// Goal: a detector whose peers change judges those whom it watches, by what it heard since it does, and
// nobody else. Method: scripts of steps at given milliseconds, as in failure_detector_test.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/supervision/core/failure_detector.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

const instant beginning{1h};

/// T_interval 100 ms, T_timeout 400 ms.
class watched_peers : public testing::TestWithParam<detector_kind> {
 protected:
  using changes = std::vector<peer_change>;

  changes heard(std::uint32_t who, duration at) {
    changes seen;
    detector.heard(who, evidence::beat, beginning + at, seen);
    return seen;
  }
  changes lost(std::uint32_t who, duration at) {
    changes seen;
    detector.lost(who, beginning + at, seen);
    return seen;
  }
  void watch(std::vector<std::uint32_t> peers, duration at) { detector.watch(peers, beginning + at); }
  /// Judges whenever it is due, up to and including `until`.
  changes judge_on_time(duration until) {
    changes seen;
    while (detector.next_judgement() <= beginning + until) detector.judge(detector.next_judgement(), seen);
    return seen;
  }

  failure_detector detector{{100ms, 400ms, GetParam()}, {2, 3}, beginning};
};

TEST_P(watched_peers, one_that_goes_is_forgotten_without_a_word) {
  heard(2, 0ms);
  heard(3, 0ms);
  watch({3}, 10ms);
  EXPECT_FALSE(detector.watches(2));
  EXPECT_EQ(heard(2, 20ms), changes{});
  EXPECT_EQ(lost(2, 30ms), changes{});
  heard(3, 400ms);
  EXPECT_EQ(judge_on_time(700ms), changes{});
  EXPECT_EQ(detector.state(2), peer_state::down);
  EXPECT_EQ(detector.silence(2, beginning + 1s), std::nullopt);
}

TEST_P(watched_peers, one_that_comes_has_an_interval_and_the_timeout_to_be_heard) {
  watch({2, 3, 4}, 1s);
  EXPECT_EQ(judge_on_time(1499ms), changes{});
  EXPECT_EQ(detector.state(4), peer_state::down);
  EXPECT_EQ(judge_on_time(1500ms), (changes{{4, peer_state::down, peer_state::suspect, 500ms}}));
  EXPECT_EQ(detector.phi(4, beginning + 2s), 0) << "it was never heard";
  EXPECT_EQ(judge_on_time(10s), changes{}) << "once, and of those that were there nothing is expected";
  EXPECT_EQ(heard(4, 10s), (changes{{4, peer_state::suspect, peer_state::up, 0ms}}));
}

TEST_P(watched_peers, one_that_comes_is_not_up_before_it_is_heard) {
  watch({4}, 0ms);
  EXPECT_EQ(heard(4, 450ms), (changes{{4, peer_state::down, peer_state::up, 0ms}}));
  EXPECT_EQ(judge_on_time(700ms), changes{});
}

TEST_P(watched_peers, one_that_was_heard_is_judged_like_any_other) {
  watch({4}, 0ms);
  heard(4, 450ms);
  const auto seen = judge_on_time(1s);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_LE(seen[0].silence, 500ms) << "since it was heard";
  heard(4, 1s);
  lost(4, 1100ms);
  EXPECT_EQ(judge_on_time(10s), changes{}) << "it is not awaited any more";
}

TEST_P(watched_peers, one_whose_link_is_lost_before_it_was_heard_is_suspect_in_time) {
  watch({4}, 0ms);
  EXPECT_EQ(lost(4, 100ms), changes{}) << "nobody has said that it is up";
  EXPECT_EQ(judge_on_time(500ms), (changes{{4, peer_state::down, peer_state::suspect, 500ms}}));
}

TEST_P(watched_peers, one_that_comes_again_is_judged_by_nothing_of_before) {
  heard(2, 0ms);
  watch({3}, 100ms);
  watch({2, 3}, 20s);
  EXPECT_EQ(detector.silence(2, beginning + 20s), std::nullopt);
  EXPECT_EQ(judge_on_time(20s + 499ms), changes{});
  EXPECT_EQ(heard(2, 20s + 499ms), (changes{{2, peer_state::down, peer_state::up, 0ms}}));
}

TEST_P(watched_peers, one_that_stays_is_judged_as_before) {
  heard(2, 0ms);
  watch({2, 7}, 100ms);
  EXPECT_EQ(detector.state(2), peer_state::up);
  const auto seen = judge_on_time(550ms);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].peer, 2u);
  EXPECT_EQ(seen[0].from, peer_state::up);
}

TEST_P(watched_peers, an_observer_that_stood_still_gives_a_comer_the_time_that_it_lost) {
  judge_on_time(100ms);
  watch({4}, 100ms);
  changes seen;
  detector.judge(beginning + 5s, seen);
  EXPECT_EQ(seen, changes{});
  EXPECT_EQ(judge_on_time(5s + 399ms), changes{});
  EXPECT_EQ(judge_on_time(5s + 400ms).size(), 1u) << "due at 600 ms, and 4.8 s too late";
}

INSTANTIATE_TEST_SUITE_P(all, watched_peers, testing::Values(detector_kind::fixed, detector_kind::phi),
                         [](const auto& kind) { return std::string{to_string(kind.param)}; });

}  // namespace
}  // namespace bulwark
