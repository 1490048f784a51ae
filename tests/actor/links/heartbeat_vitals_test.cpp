// SPDX-License-Identifier: BSD-3-Clause
// Goal: what a monitor makes of the monitoring data of its peers: what is unusual is told, and only that.
// Method: as heartbeat_monitor_test; answers that the test makes up.
#include <chrono>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/supervision/process_meter.hpp"
#include "heartbeat_fixture.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

class heartbeat_vitals : public heartbeat_fixture {
 protected:
  void SetUp() override {
    start();
    *connected = false;
  }

  /// The second monitor hears this of the first, and time goes on.
  void hear(heartbeat_kind kind, std::uint32_t queue, std::uint64_t incarnation = 101,
            duration round_trip = 1ms) {
    const auto sent_ns = static_cast<std::uint64_t>((world.now() - round_trip).time_since_epoch().count());
    const auto uptime = std::chrono::duration_cast<std::chrono::milliseconds>(world.now() - began);
    heartbeat what{
        kind, node_status::normal, 1, incarnation, static_cast<std::uint64_t>(uptime.count()), 1, sent_ns, {},
        {}};
    what.load = load;
    what.load.queue = queue;
    caf::anon_send(second, peer_packet{1, heartbeat_channel, encode(what)});
    world.drain();
  }
  void hear_answers(int count, std::uint32_t queue, std::uint64_t incarnation = 101) {
    for (int i = 0; i < count; ++i) {
      hear(heartbeat_kind::ack, queue, incarnation);
      world.advance(100ms);
    }
  }

  const instant began = world.now();
  vitals load;
};

TEST_F(heartbeat_vitals, a_queue_that_grew_is_unusual) {
  hear_answers(100, 5);
  EXPECT_TRUE(opinions.empty());
  hear_answers(10, 5000);
  ASSERT_EQ(opinions.size(), 1u);
  EXPECT_EQ(opinions[0].what.of, vital::queue);
}

TEST_F(heartbeat_vitals, each_part_of_a_load_is_watched) {
  const vitals usual{.lag_us = 1'000, .cpu_permille = 10, .memory_kib = 50'000, .mailbox_age_us = 1'000};
  const std::vector<std::pair<vital, std::function<void()>>> parts = {
      {vital::lag, [&] { load.lag_us = 2'000'000; }},
      {vital::cpu, [&] { load.cpu_permille = 2'000'000; }},
      {vital::memory, [&] { load.memory_kib = 2'000'000; }},
      {vital::mailbox_age, [&] { load.mailbox_age_us = 2'000'000; }}};
  std::uint64_t incarnation = 200;
  for (const auto& [part, grow] : parts) {
    SCOPED_TRACE(to_string(part));
    ++incarnation;
    load = usual;
    hear_answers(100, 5, incarnation);
    opinions.clear();  // of the process before
    grow();
    hear_answers(10, 5, incarnation);
    ASSERT_EQ(opinions.size(), 1u) << "once";
    EXPECT_TRUE(opinions[0].anomalous);
    EXPECT_EQ(opinions[0].what.of, part);
    EXPECT_EQ(opinions[0].what.seen, 2'000'000);
  }
}

TEST_F(heartbeat_vitals, of_a_new_process_nothing_is_usual_yet) {
  hear_answers(100, 5);
  hear_answers(10, 5000, 102);
  EXPECT_TRUE(opinions.empty());
}

TEST_F(heartbeat_vitals, a_new_process_of_an_unusual_node_is_as_usual) {
  hear_answers(100, 5);
  hear_answers(10, 5000);
  ASSERT_EQ(opinions.size(), 1u);
  hear_answers(1, 5000, 102);
  ASSERT_EQ(opinions.size(), 2u);
  EXPECT_TRUE(opinions[0].anomalous);
  EXPECT_FALSE(opinions[1].anomalous);
  hear_answers(10, 5000, 103);
  EXPECT_EQ(opinions.size(), 2u) << "once";
}

TEST_F(heartbeat_vitals, what_is_answered_at_once_is_one_sample) {
  hear_answers(100, 5);
  for (int i = 0; i < 10; ++i) hear(heartbeat_kind::ack, 5000);
  world.advance(100ms);
  EXPECT_TRUE(opinions.empty()) << "three samples must agree";
}

TEST_F(heartbeat_vitals, beats_of_others_are_no_samples) {
  hear_answers(100, 5);
  for (int i = 0; i < 10; ++i) {
    hear(heartbeat_kind::beat, 5000);
    world.advance(100ms);
  }
  EXPECT_TRUE(opinions.empty()) << "they come when the other wants to know of this node";
}

TEST_F(heartbeat_vitals, a_slower_round_trip_is_unusual) {
  for (int i = 0; i < 110; ++i) {
    hear(heartbeat_kind::ack, 5, 101, i < 100 ? duration{1ms} : duration{300ms});
    world.advance(100ms);
  }
  ASSERT_EQ(opinions.size(), 1u);
  EXPECT_EQ(opinions[0].what.of, vital::round_trip);
}

TEST_F(heartbeat_vitals, what_this_node_shows_as_well_is_not_unusual) {
  second_load.queue = 5;
  hear_answers(100, 5);
  second_load.queue = 5000;
  hear_answers(10, 5000);
  EXPECT_TRUE(opinions.empty());
}

TEST_F(heartbeat_vitals, a_timer_that_came_late_is_told_with_the_next_beat) {
  world.advance(1s);
  EXPECT_EQ(sent->back().load.lag_us, 0u);
  second_takes = 250ms;
  world.advance(400ms);
  const auto most = [this] {
    std::uint32_t lag = 0;
    for (const auto& one : *sent) lag = std::max(lag, one.load.lag_us);
    return lag;
  };
  EXPECT_GE(most(), 150'000u);
  EXPECT_LE(most(), 250'000u);
  second_takes = 5min;
  world.advance(1s);
  EXPECT_EQ(most(), 60'000'000u) << "more means as much";
}

TEST_F(heartbeat_vitals, beats_keep_their_interval_though_measuring_takes_its_time) {
  first_takes = 30ms;
  world.advance(100ms);
  sent->clear();
  world.advance(3s);
  EXPECT_NEAR(static_cast<double>(sent->size()), 30, 1);
}

TEST_F(heartbeat_vitals, the_measured_load_of_a_node_counts_what_waits_for_its_main_actors) {
  const auto log = make_stable_ref(world.system());
  const auto replica = make_stable_ref(world.system());
  auto load_now = measured_load({log, replica, {}});
  EXPECT_EQ(load_now().queue, 0u);
  EXPECT_GT(load_now().memory_kib, 0u);
  for (int i = 0; i < 2; ++i) caf::anon_send(log, caf::ok_atom_v);
  caf::anon_send(replica, caf::ok_atom_v);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(load_now().queue, 3u);
  const auto since = before + 2ms;
  while (std::chrono::steady_clock::now() < since) std::this_thread::yield();
  const auto age = load_now().mailbox_age_us;
  EXPECT_GE(age, 1'000u) << "they wait since the look before";
  EXPECT_LE(std::chrono::microseconds{age}, std::chrono::steady_clock::now() - before);
  close(log, caf::exit_reason::normal);
  close(replica, caf::exit_reason::normal);
}

}  // namespace
}  // namespace bulwark::test
