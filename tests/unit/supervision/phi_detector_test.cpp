// SPDX-License-Identifier: BSD-3-Clause
// Goal: phi is what it says, a chance, also far out; and a detector that uses it adapts to how a peer is
// heard. Method: known values of the normal distribution; a long run of simulated heartbeats whose mistakes
// are counted; scripts of steps at given milliseconds.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "bulwark/supervision/core/failure_detector.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

using changes = std::vector<peer_change>;

const instant epoch{1h};

TEST(phi, agrees_with_tables_of_the_normal_distribution) {
  EXPECT_NEAR(phi_of(0), std::log10(2), 1e-12);
  EXPECT_NEAR(phi_of(1.959963985), -std::log10(0.025), 1e-8);
  EXPECT_NEAR(phi_of(5.612001244), 8, 1e-8);
  EXPECT_NEAR(phi_of(6.361340902), 10, 1e-8);
  EXPECT_NEAR(phi_of(37.0471), 300, 0.01);  // near the smallest double
}

TEST(phi, goes_on_rising_where_probabilities_are_below_all_doubles) {
  double before = phi_of(-10);
  for (double deviations = -10; deviations < 1000; deviations += 0.25) {
    const auto now = phi_of(deviations);
    ASSERT_GE(now, before) << deviations;
    ASSERT_TRUE(std::isfinite(now)) << deviations;
    before = now;
  }
}

TEST(phi, has_an_inverse) {
  for (const double phi : {0.1, 1.0, 3.0, 8.0, 12.0, 100.0})
    EXPECT_NEAR(phi_of(deviations_at(phi)), phi, 1e-9);
}

TEST(arrival_window_test, tells_mean_and_deviation_of_the_latest) {
  arrival_window window{100ms, 10};
  EXPECT_EQ(window.mean(), 100ms);
  EXPECT_EQ(window.deviation(), 25ms);
  for (int i = 0; i < 25; ++i) window.add(i % 2 == 0 ? 40ms : 60ms);
  EXPECT_EQ(window.mean(), 50ms);
  EXPECT_EQ(window.deviation(), 10ms);
  for (int i = 0; i < 10; ++i) window.add(30ms);
  EXPECT_EQ(window.mean(), 30ms);
  EXPECT_EQ(window.deviation(), 0ms);
}

TEST(arrival_window_test, survives_absurd_intervals) {
  arrival_window window{100ms, 1000};
  for (int i = 0; i < 3000; ++i) window.add(i % 2 == 0 ? duration::max() : duration::min());
  EXPECT_EQ(window.mean(), 1min);
  EXPECT_EQ(window.deviation(), 1min);
}

/// Runs a detector over one peer whose beats come at the given intervals; counts how often it is wrong.
int mistakes(failure_detector& detector, const std::vector<duration>& intervals) {
  int wrong = 0;
  auto now = epoch;
  changes seen;
  for (const auto& interval : intervals) {
    const auto arrival = now + interval;
    while (detector.next_judgement() < arrival) detector.judge(detector.next_judgement(), seen);
    now = arrival;
    detector.heard(2, evidence::beat, now, seen);
    for (const auto& one : seen) wrong += one.to == peer_state::suspect;
    seen.clear();
  }
  return wrong;
}

TEST(phi_detector, is_wrong_as_often_as_its_threshold_says) {
  // Deviations well above the least that is assumed, and nearly no pause, so that the model is the reality.
  for (const double threshold : {1.5, 2.0, 3.0}) {
    failure_detector detector{
        {.interval = 1s, .timeout = 2ms, .threshold = threshold, .window = 1000}, {2}, epoch};
    std::mt19937_64 random{7};
    std::normal_distribution<double> ms{50, 8};
    std::vector<duration> intervals(400'000);
    for (auto& one : intervals)
      one = std::chrono::duration_cast<duration>(std::chrono::duration<double, std::milli>{ms(random)});
    mistakes(detector, {intervals.begin(), intervals.begin() + 2000});
    const auto rate = mistakes(detector, intervals) / static_cast<double>(intervals.size());
    const auto expected = std::pow(10, -threshold);
    EXPECT_GT(rate, expected / 2) << threshold;
    EXPECT_LT(rate, expected * 2) << threshold;
  }
}

/// T_interval 100 ms, T_timeout 400 ms, threshold 8.
class phi_detector_test : public ::testing::Test {
 protected:
  /// A beat every `interval`; returns the time of the last.
  duration beats(duration from, duration interval, int count) {
    for (int i = 0; i < count; ++i, from += interval) {
      judge_until(from);
      detector.heard(2, evidence::beat, epoch + from, seen);
    }
    return from - interval;
  }
  /// A beat sent every 100 ms, answered after `round_trip`; returns the time of the last answer.
  duration answers(duration from, duration round_trip, int count) {
    for (int i = 0; i < count; ++i, from += 100ms) {
      judge_until(from + round_trip);
      detector.answered(2, epoch + from, epoch + from + round_trip, seen);
    }
    return from - 100ms + round_trip;
  }
  void judge_until(duration until) {
    while (detector.next_judgement() <= epoch + until) detector.judge(detector.next_judgement(), seen);
  }
  /// How long after `last` it is suspected.
  duration patience(duration last) {
    seen.clear();
    judge_until(last + 1min);
    return seen.empty() ? duration::max() : seen.front().silence;
  }

  changes seen;
  failure_detector detector{{.interval = 100ms, .timeout = 400ms}, {2, 3}, epoch};
};

TEST_F(phi_detector_test, suspects_a_regular_peer_within_half_a_second) {
  const auto after = patience(beats(0ms, 100ms, 300));
  // mean + T_timeout / 2 + 5.612 * T_timeout / 20
  EXPECT_GE(after, 412ms);
  EXPECT_LE(after, 413ms);
}

TEST_F(phi_detector_test, is_patient_with_an_irregular_one) {
  duration at{};
  for (int i = 0; i < 300; ++i) at = beats(at + (i % 2 == 0 ? 20ms : 180ms), 100ms, 1);
  EXPECT_EQ(detector.state(2), peer_state::up);
  const auto after = patience(at);
  EXPECT_GT(after, 700ms);
  EXPECT_LT(after, 800ms);
}

TEST_F(phi_detector_test, has_an_end_to_its_patience) {
  // Slowly worse, since it learns nothing from silence that it found suspect.
  duration at{};
  for (auto swing = 200ms; swing <= 1200ms; swing += 50ms)
    for (int i = 0; i < 200; ++i) at = beats(at + (i % 2 == 0 ? 1ms : swing), 100ms, 1);
  EXPECT_EQ(patience(at), 1700ms);
}

TEST_F(phi_detector_test, works_from_the_first_beat_on) {
  const auto after = patience(beats(0ms, 100ms, 1));
  EXPECT_GT(after, 400ms);
  EXPECT_LT(after, 500ms);
}

TEST_F(phi_detector_test, the_level_rises_while_a_peer_is_silent_and_is_known_when_it_is_lost) {
  const auto last = beats(0ms, 100ms, 300);
  double before = -1;
  for (auto silence = 0ms; silence < 2s; silence += 10ms) {
    const auto now = detector.phi(2, epoch + last + silence);
    ASSERT_GE(now, before);
    before = now;
  }
  EXPECT_LT(detector.phi(2, epoch + last + 300ms), 0.4);
  EXPECT_NEAR(detector.phi(2, epoch + last + 413ms), 8, 0.3);
  EXPECT_EQ(detector.phi(3, epoch + last), 0);
  detector.lost(2, epoch + last, seen);
  EXPECT_EQ(detector.phi(2, epoch + last + 10s), 0);
}

TEST_F(phi_detector_test, silence_during_which_it_was_suspected_does_not_make_it_more_patient) {
  auto last = beats(0ms, 100ms, 300);
  judge_until(last + 1500ms);
  EXPECT_EQ(detector.state(2), peer_state::suspect);
  last = beats(last + 1500ms, 100ms, 20);
  EXPECT_LE(patience(last), 413ms);
}

TEST_F(phi_detector_test, nor_does_a_gap_of_the_observer) {
  auto last = beats(0ms, 100ms, 300);
  detector.judge(epoch + last + 5s, seen);  // late: it stood still itself
  EXPECT_EQ(detector.state(2), peer_state::up);
  last = beats(last + 5001ms, 100ms, 20);
  EXPECT_LE(patience(last), 413ms);
}

TEST_F(phi_detector_test, nor_do_beats_that_waited_while_the_observer_stood_still) {
  auto last = beats(0ms, 100ms, 20);
  // They are taken before the judgement, which is as late as they are.
  for (int i = 0; i < 5; ++i) detector.heard(2, evidence::beat, epoch + last + 1500ms, seen);
  detector.judge(epoch + last + 1501ms, seen);
  EXPECT_EQ(detector.state(2), peer_state::up);
  last = beats(last + 1600ms, 100ms, 20);
  EXPECT_LE(patience(last), 413ms);
}

TEST_F(phi_detector_test, the_first_answers_of_a_peer_tell_of_its_beats_alone) {
  // It is sent a beat as soon as it is connected, and the first of the regular ones 11 ms later.
  detector.answered(2, epoch, epoch + 1ms, seen);
  auto last = answers(11ms, 1ms, 5);
  EXPECT_LE(patience(last), 430ms);
  EXPECT_GE(patience(last), 400ms);
}

TEST_F(phi_detector_test, answers_that_waited_while_a_peer_stood_still_do_not_make_it_more_patient) {
  auto last = answers(0ms, 1ms, 10);
  const auto woke = last + 1550ms;
  judge_until(woke);
  EXPECT_EQ(detector.state(2), peer_state::suspect);
  for (auto asked = last + 99ms; asked < woke; asked += 100ms)
    detector.answered(2, epoch + asked, epoch + woke, seen);
  last = answers(woke + 49ms, 1ms, 5);
  EXPECT_LE(patience(last), 420ms);
}

TEST_F(phi_detector_test, nor_do_answers_that_are_taken_after_the_judgement_of_an_observer_that_stood_still) {
  auto last = answers(0ms, 1ms, 10);
  const auto woke = last + 1550ms;
  detector.judge(epoch + woke, seen);
  for (auto asked = last + 99ms; asked < woke; asked += 100ms)
    detector.answered(2, epoch + asked, epoch + woke, seen);
  EXPECT_EQ(detector.state(2), peer_state::up);
  last = answers(woke + 49ms, 1ms, 5);
  EXPECT_LE(patience(last), 420ms);
}

TEST_F(phi_detector_test, learns_from_answers_that_take_longer_than_an_interval) {
  duration at{};
  for (int i = 0; i < 300; ++i) at = answers(at + (i % 2 == 0 ? 20ms : 180ms) - 250ms, 250ms, 1);
  EXPECT_EQ(detector.state(2), peer_state::up);
  EXPECT_GT(patience(at), 700ms);
}

TEST_F(phi_detector_test, learns_from_answers_that_the_network_held_back_unless_it_suspected_their_sender) {
  auto last = answers(0ms, 1ms, 10);
  judge_until(last + 380ms);
  for (int i = 0; i < 3; ++i)
    detector.answered(2, epoch + last + 99ms + i * 100ms, epoch + last + 380ms, seen);
  EXPECT_EQ(detector.state(2), peer_state::up);
  EXPECT_GT(patience(last + 380ms), 500ms);
}

TEST_F(phi_detector_test, other_messages_are_signs_of_life_but_say_nothing_about_regularity) {
  auto last = beats(0ms, 100ms, 300);
  for (int i = 1; i <= 50; ++i) detector.heard(2, evidence::other, epoch + last + i * 2ms, seen);
  EXPECT_NEAR(std::chrono::duration<double>{patience(last + 100ms)}.count(), 0.412, 0.002);
}

TEST(detector_options_of_phi, have_bounds) {
  EXPECT_EQ((detector_options{.kind = detector_kind::phi}.validate()), "");
  EXPECT_NE((detector_options{.threshold = 0}.validate()), "");
  EXPECT_NE((detector_options{.threshold = std::nan("")}.validate()), "");
  EXPECT_NE((detector_options{.window = 9}.validate()), "");
  EXPECT_NE((detector_options{.window = 1001}.validate()), "");
  EXPECT_EQ(parse_detector_kind("phi"), detector_kind::phi);
  EXPECT_EQ(parse_detector_kind("fixed"), detector_kind::fixed);
  EXPECT_EQ(parse_detector_kind("Phi"), std::nullopt);
}

}  // namespace
}  // namespace bulwark
