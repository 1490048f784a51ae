// SPDX-License-Identifier: BSD-3-Clause
// Goal: a node that is much slower or busier than it usually is gets a high score, and no other. Method:
// samples from seeded distributions as heartbeats would bring them, ten a second.
#include "bulwark/supervision/core/anomaly_tracker.hpp"

#include <gtest/gtest.h>

#include <random>

namespace bulwark {
namespace {

class anomaly_tracker_test : public ::testing::Test {
 protected:
  /// A latency: long-tailed around `median_us`.
  double latency(double median_us) { return median_us * std::lognormal_distribution<double>{0, 0.4}(random); }

  void observe(vital one, double median_us, int times) {
    for (int i = 0; i < times; ++i) {
      tracker.observe(one, latency(median_us));
      if (const auto change = tracker.take_change()) changes.push_back(*change);
    }
  }

  std::mt19937_64 random{7};
  anomaly_tracker tracker;
  std::vector<anomaly_change> changes;
};

TEST_F(anomaly_tracker_test, hours_of_ordinary_noise_raise_no_alarm) {
  for (const double median : {100.0, 2'000.0, 50'000.0}) {
    tracker = {};
    observe(vital::round_trip, median, 200'000);
    EXPECT_TRUE(changes.empty()) << "median " << median;
  }
}

TEST_F(anomaly_tracker_test, a_node_that_gets_ten_times_slower_is_found_within_a_second) {
  observe(vital::round_trip, 2'000, 5'000);
  observe(vital::round_trip, 40'000, 10);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_TRUE(changes[0].anomalous);
  EXPECT_EQ(changes[0].what.of, vital::round_trip);
  EXPECT_GE(changes[0].what.score, anomaly_tracker::alarm);
  EXPECT_NEAR(changes[0].what.usual, 2'000, 400);
  EXPECT_GE(changes[0].what.seen, 10'000);
}

TEST_F(anomaly_tracker_test, it_is_well_again_when_it_is_as_before) {
  observe(vital::lag, 1'000, 5'000);
  observe(vital::lag, 100'000, 20);
  observe(vital::lag, 1'000, 20);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_FALSE(changes[1].anomalous);
  EXPECT_LT(changes[1].what.score, anomaly_tracker::all_clear);
}

TEST_F(anomaly_tracker_test, one_or_two_late_packets_are_no_anomaly) {
  observe(vital::round_trip, 500, 1'000);
  tracker.observe(vital::round_trip, 1e6);
  EXPECT_EQ(tracker.take_change(), std::nullopt);
  tracker.observe(vital::round_trip, 1e6);
  EXPECT_EQ(tracker.take_change(), std::nullopt);
  tracker.observe(vital::round_trip, 1e6);
  EXPECT_NE(tracker.take_change(), std::nullopt);
}

TEST_F(anomaly_tracker_test, less_than_usual_is_no_anomaly) {
  observe(vital::cpu, 900, 1'000);
  observe(vital::cpu, 0, 100);
  EXPECT_TRUE(changes.empty());
  EXPECT_LT(tracker.worst().score, 1);
}

TEST_F(anomaly_tracker_test, a_change_that_lasts_becomes_usual) {
  observe(vital::memory, 100'000, 5'000);
  observe(vital::memory, 1'000'000, 6'000);  // ten minutes
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_FALSE(changes[1].anomalous);
}

TEST_F(anomaly_tracker_test, nothing_is_judged_before_it_is_known) {
  for (std::size_t i = 0; i < anomaly_tracker::learning; ++i) tracker.observe(vital::queue, i % 2 ? 1e9 : 0);
  EXPECT_EQ(tracker.worst().score, 0);
}

TEST_F(anomaly_tracker_test, the_worst_of_the_vitals_is_named) {
  for (int i = 0; i < 500; ++i) {
    tracker.observe(vital::round_trip, 500);
    tracker.observe(vital::queue, 10);
  }
  for (int i = 0; i < 3; ++i) {
    tracker.observe(vital::round_trip, 2'000);
    tracker.observe(vital::queue, 100'000);
  }
  EXPECT_EQ(tracker.worst().of, vital::queue);
  EXPECT_STREQ(to_string(tracker.worst().of), "queue");
  EXPECT_NEAR(tracker.worst().usual, 10, 1);
  EXPECT_EQ(tracker.worst().seen, 100'000);
}

TEST_F(anomaly_tracker_test, what_all_nodes_show_is_no_anomaly) {
  std::array<anomaly_tracker, 4> nodes;
  const auto observe_all = [&](std::array<double, 4> cpu, int times) {
    for (int i = 0; i < times; ++i)
      for (std::size_t n = 0; n < nodes.size(); ++n) nodes[n].observe(vital::cpu, latency(cpu[n]));
  };
  const auto common = [&] {
    std::vector<vital_scores> all;
    for (const auto& one : nodes) all.push_back(one.scores());
    return common_scores(all);
  };
  observe_all({20, 20, 20, 20}, 500);
  observe_all({900, 900, 900, 900}, 20);
  for (auto& one : nodes) {
    EXPECT_GE(one.worst().score, anomaly_tracker::alarm);
    EXPECT_EQ(one.take_change(common()), std::nullopt);
  }
  observe_all({20, 20, 900, 20}, 20);
  EXPECT_EQ(nodes[0].take_change(common()), std::nullopt);
  EXPECT_NE(nodes[2].take_change(common()), std::nullopt) << "this one alone is busy";
}

TEST_F(anomaly_tracker_test, nothing_is_common_to_no_nodes) {
  std::vector<vital_scores> none;
  EXPECT_EQ(common_scores(none), vital_scores{});
}

TEST_F(anomaly_tracker_test, nonsense_is_taken_as_zero) {
  for (int i = 0; i < 100; ++i) tracker.observe(vital::cpu, -5);
  EXPECT_EQ(tracker.worst().score, 0);
}

}  // namespace
}  // namespace bulwark
