// SPDX-License-Identifier: BSD-3-Clause
// Goal: the heartbeats of a cluster_node say how it is, and are judged as its options want. Method: nodes in
// one process over real loopback connections; some of the answers are the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <caf/io/middleman.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <string>
#include <utility>

#include "bulwark/actors/link.hpp"
#include "bulwark/supervision/heartbeat_monitor.hpp"
#include "bulwark/supervision/messages.hpp"
#include "three_nodes.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

class cluster_heartbeats : public three_nodes {
 protected:
  explicit cluster_heartbeats(std::function<void(consensus::cluster_node_options&)> adjust = {},
                              bool start_at_once = true)
      : three_nodes{std::move(adjust), start_at_once} {}

  /// A peer as another node hears it.
  peer_entry heard(std::uint32_t by, std::uint32_t peer) {
    const auto table = ask<peer_table>(by, at(by).node->heartbeats(), get_peers{});
    for (const auto& one : table.answer.peers)
      if (one.peer == peer) return one;
    return {};
  }
};

TEST_F(cluster_heartbeats, tell_the_load_of_their_node) {
  EXPECT_TRUE(await([this] {
    const auto peer = heard(1, 2);
    return peer.memory_kib > 0 && peer.cpu_permille > 0;
  }));
}

class fixed_detector : public cluster_heartbeats {
 protected:
  static constexpr auto interval = 100ms;
  static constexpr auto timeout = 1s;

  fixed_detector()
      : cluster_heartbeats{[this](consensus::cluster_node_options& options) {
                             options.detector = detector_kind::fixed;
                             options.interval = interval;
                             options.timeout = timeout;
                             if (options.self != 1) return;
                             options.on_verdict = [this,
                                                   then = options.on_verdict](const peer_change& change) {
                               if (change.peer == 2 && change.to == peer_state::suspect)
                                 silence = change.silence;
                               then(change);
                             };
                           },
                           false} {}
  ~fixed_detector() override { stop(1); }  // which tells

  std::atomic<duration> silence{};
};

TEST_F(fixed_detector, waits_for_its_whole_time_where_regular_beats_would_shorten_it) {
  for (std::uint32_t number = 1; number <= 3; ++number) start(number);
  ASSERT_THAT(seen, all_up());
  for (const auto* talker : {"heartbeats", "membership", "consensus"})
    ASSERT_TRUE(ask<caf::ok_atom>(2, at(2).node->supervisor(), terminate_child{talker}).ok);
  // Its link would go on to give credit, which is a sign of life.
  std::promise<void> may_go_on;
  at(2).system.middleman().backend().post([until = may_go_on.get_future().share()] { until.wait(); });
  EXPECT_TRUE(await([this] { return silence.load() > duration::zero(); }));
  may_go_on.set_value();
  EXPECT_GE(silence.load(), interval + timeout);
}

/// The third node alone votes, and nodes start when the test wants it.
class heartbeats_of_learners : public cluster_heartbeats {
 protected:
  heartbeats_of_learners()
      : cluster_heartbeats{[this](consensus::cluster_node_options& options) {
                             options.voters = {3};
                             log_of[options.self - 1] = options.directory / "log";
                           },
                           false} {}

  bool await_status(const std::string& status) {
    return await([&, this] { return heard(1, 2).status == status; });
  }

  std::array<std::filesystem::path, 3> log_of;
};

TEST_F(heartbeats_of_learners, say_that_a_node_recovers_until_the_group_has_taken_it_in) {
  start(1);
  start(2);
  EXPECT_TRUE(await_status("recovering")) << "there is no group yet";
  start(3);
  EXPECT_TRUE(await_status("normal"));
  at(2).node->drain();
  EXPECT_TRUE(await_status("draining"));
}

TEST_F(heartbeats_of_learners, say_that_a_part_is_restarted_until_it_serves_again) {
  for (std::uint32_t number = 1; number <= 3; ++number) start(number);
  ASSERT_TRUE(await_status("normal"));
  // A log that cannot be opened is tried again.
  auto away = log_of[1];
  away += ".away";
  std::filesystem::rename(log_of[1], away);
  std::ofstream{log_of[1]} << "no log";
  ASSERT_TRUE(ask<kill_result>(2, at(2).node->supervisor(), kill_child{"consensus/log", ""}).ok);
  EXPECT_TRUE(await_status("restarting"));
  std::filesystem::remove(log_of[1]);
  std::filesystem::rename(away, log_of[1]);
  EXPECT_TRUE(await_status("normal"));
}

/// One node alone, for which the test speaks as the second.
class heartbeats_of_one : public cluster_heartbeats {
 protected:
  heartbeats_of_one()
      : cluster_heartbeats{[this](consensus::cluster_node_options& options) {
                             options.on_anomaly = [this](std::uint32_t peer, const anomaly_change& change) {
                               if (change.anomalous && change.what.of == vital::queue) unusual = peer;
                             };
                           },
                           false} {}
  ~heartbeats_of_one() override { stop(1); }  // which tells

  void hear_answers(int count, std::uint32_t queue) {
    answer.load.queue = queue;
    for (int i = 0; i < count; ++i) {
      answer.uptime_ms += 100;
      caf::anon_send(at(1).node->heartbeats(), peer_packet{2, heartbeat_channel, encode(answer)});
    }
  }

  heartbeat answer{heartbeat_kind::ack, node_status::normal, 2, 102, 1, 1, 1, {}, {}};

  std::atomic<std::uint32_t> unusual{0};
};

TEST_F(heartbeats_of_one, what_is_unusual_of_a_peer_is_told) {
  start(1);
  hear_answers(100, 5);
  hear_answers(10, 5000);
  EXPECT_TRUE(await([this] { return unusual == 2; }));
}

TEST(cluster_node_options, name_a_detector_that_can_work) {
  consensus::cluster_node_options options;
  options.self = 1;
  EXPECT_EQ(options.validate(), "");
  options.threshold = 0;
  EXPECT_THAT(options.validate(), testing::HasSubstr("threshold"));
  options.threshold = 8;
  options.window = 1;
  EXPECT_THAT(options.validate(), testing::HasSubstr("window"));
  options.window = 200;
  options.interval = 0ms;
  EXPECT_THAT(options.validate(), testing::HasSubstr("T_interval"));
}

}  // namespace
}  // namespace bulwark::test
