// SPDX-License-Identifier: BSD-3-Clause
// Goal: a monitor tells its peers every T_interval that it lives, answers them, and reports who is silent or
// lost. Method: virtual time; stand-ins for links that either record what goes out, or carry it to a second
// monitor.
#include "heartbeat_fixture.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;
using namespace testkit;
using testing::AllOf;
using testing::Gt;
using testing::Le;

using heartbeat_monitor_test = heartbeat_fixture;

TEST_F(heartbeat_monitor_test, a_beat_goes_out_every_interval) {
  start();
  *connected = false;
  sent->clear();
  world.advance(1s);
  ASSERT_EQ(sent->size(), 10u);
  for (std::size_t i = 1; i < sent->size(); ++i) {
    EXPECT_EQ((*sent)[i].sequence, (*sent)[i - 1].sequence + 1);
    EXPECT_EQ((*sent)[i].kind, heartbeat_kind::beat);
    EXPECT_EQ((*sent)[i].node, 1u);
    EXPECT_EQ((*sent)[i].incarnation, 101u);
  }
}

TEST_F(heartbeat_monitor_test, peers_that_hear_each_other_are_up_and_measured) {
  start();
  world.advance(1s);
  const auto peer = seen_by(second);
  EXPECT_EQ(peer.peer, 1u);
  EXPECT_EQ(peer.state, "up");
  EXPECT_EQ(peer.status, "normal");
  EXPECT_EQ(peer.incarnation, 101u);
  EXPECT_EQ(peer.uptime_ms, 1000u);
  EXPECT_EQ(peer.rtt_us, 0) << "no time passes in this network";
  EXPECT_LE(peer.silent_us, 100'000);
}

TEST_F(heartbeat_monitor_test, a_changed_status_is_told) {
  start();
  status = node_status::draining;
  world.advance(100ms);
  EXPECT_EQ(seen_by(second).status, "draining");
}

TEST_F(heartbeat_monitor_test, where_a_node_serves_clients_is_told_when_it_changes) {
  start();
  world.advance(1s);
  EXPECT_TRUE(heard_addresses.empty());
  serves_at = "127.0.0.1:6379";
  world.advance(1s);
  EXPECT_EQ(heard_addresses, (std::vector<std::pair<std::uint32_t, std::string>>{{1, "127.0.0.1:6379"}}));
}

TEST_F(heartbeat_monitor_test, load_is_told_and_what_is_unusual_found) {
  load = {.cpu_permille = 300, .memory_kib = 50'000, .queue = 5};
  start();
  world.advance(10s);
  EXPECT_EQ(seen_by(second).queue, 5u);
  EXPECT_EQ(seen_by(second).cpu_permille, 300u);
  EXPECT_EQ(seen_by(second).memory_kib, 50'000u);
  EXPECT_TRUE(opinions.empty());
  load.queue = 5'000;
  world.advance(1s);
  ASSERT_EQ(opinions.size(), 1u);
  EXPECT_TRUE(opinions[0].anomalous);
  EXPECT_EQ(seen_by(second).anomaly_of, "queue");
  EXPECT_GE(seen_by(second).anomaly, anomaly_tracker::alarm);
  load.queue = 5;
  world.advance(1s);
  ASSERT_EQ(opinions.size(), 2u);
  EXPECT_FALSE(opinions[1].anomalous);
}

TEST_F(heartbeat_monitor_test, a_silent_peer_is_suspect_once_and_then_up_again) {
  start();
  world.advance(1s);
  seen.forget();
  *connected = false;
  world.advance(10s);
  EXPECT_THAT(seen, Exactly(Suspected(2, At(AllOf(Gt(duration{450ms}), Le(duration{510ms}))))));
  seen.forget();
  *connected = true;
  world.advance(100ms);
  EXPECT_THAT(seen, Exactly(Heard(2)));
}

TEST_F(heartbeat_monitor_test, a_peer_that_was_always_regular_is_suspect_sooner_with_phi) {
  detector.kind = detector_kind::phi;
  start();
  world.advance(30s);
  seen.forget();
  *connected = false;
  world.advance(350ms);
  EXPECT_LT(seen_by(first).phi, 8);
  world.advance(75ms);
  EXPECT_THAT(seen, Exactly(Suspected(2, At(Gt(duration{350ms})))));
  EXPECT_GT(seen_by(first).phi, 7);
}

TEST_F(heartbeat_monitor_test, answers_teach_how_regular_a_peer_is_and_its_own_beats_do_not) {
  detector.kind = detector_kind::phi;
  start();
  *connected = false;
  const auto hear_unevenly = [&](heartbeat_kind kind) {
    for (int i = 0; i < 400; ++i) {
      const auto sent_ns = static_cast<std::uint64_t>(world.now().time_since_epoch().count());
      caf::anon_send(first, peer_packet{2, heartbeat_channel, encode(from_second(kind, 1, sent_ns))});
      world.advance(i % 2 == 0 ? 20ms : 220ms);
    }
  };
  hear_unevenly(heartbeat_kind::beat);
  seen.forget();
  world.advance(300ms);
  EXPECT_THAT(seen, Exactly(Suspected(2))) << "silent for 520 ms";
  hear_unevenly(heartbeat_kind::ack);
  seen.forget();
  world.advance(300ms);
  EXPECT_THAT(seen, NoEventsFor(2)) << "which is not unusual";
}

TEST_F(heartbeat_monitor_test, answers_that_waited_at_a_peer_that_stood_still_teach_nothing) {
  detector.kind = detector_kind::phi;
  start();
  world.advance(1s);
  *connected = false;
  sent->clear();
  world.advance(1s);
  EXPECT_EQ(seen_by(first).state, "suspect");
  for (const auto& beat : *sent)
    caf::anon_send(first, peer_packet{2, heartbeat_channel,
                                      encode(from_second(heartbeat_kind::ack, beat.sequence, beat.sent_ns))});
  *connected = true;
  world.advance(1s);
  EXPECT_EQ(seen_by(first).state, "up");
  seen.forget();
  *connected = false;
  world.advance(1s);
  EXPECT_THAT(seen, Exactly(Suspected(2, Silence(Le(duration{430ms})))));
}

TEST_F(heartbeat_monitor_test, an_ack_brings_back_what_it_answers) {
  start();
  *connected = false;
  sent->clear();
  caf::anon_send(first,
                 peer_packet{2, heartbeat_channel, encode(from_second(heartbeat_kind::beat, 77, 4711))});
  world.drain();
  ASSERT_EQ(sent->size(), 1u);
  EXPECT_EQ(sent->back().kind, heartbeat_kind::ack);
  EXPECT_EQ(sent->back().sequence, 77u);
  EXPECT_EQ(sent->back().sent_ns, 4711u);
}

TEST_F(heartbeat_monitor_test, the_round_trip_is_measured_unless_it_cannot_be_true) {
  start();
  *connected = false;
  const auto ack_of = [&](instant sent_at) {
    const auto ns = static_cast<std::uint64_t>(sent_at.time_since_epoch().count());
    caf::anon_send(first, peer_packet{2, heartbeat_channel, encode(from_second(heartbeat_kind::ack, 1, ns))});
    world.drain();
    return seen_by(first).rtt_us;
  };
  world.advance(1ms);
  EXPECT_EQ(ack_of(world.now() - 30ms), 30'000);
  EXPECT_EQ(ack_of(world.now() - 61s), 30'000) << "of something that nobody waits for any more";
  EXPECT_EQ(ack_of(world.now() + 1s), 30'000) << "of the future";
  auto next_life = from_second(heartbeat_kind::beat, 1, 1);
  ++next_life.incarnation;
  caf::anon_send(first, peer_packet{2, heartbeat_channel, encode(next_life)});
  world.drain();
  EXPECT_EQ(seen_by(first).rtt_us, -1) << "that was the way to another process";
}

TEST_F(heartbeat_monitor_test, acks_alone_are_signs_of_life) {
  start();
  *connected = false;
  seen.forget();
  for (int i = 0; i < 20; ++i) {
    caf::anon_send(first, peer_packet{2, heartbeat_channel, encode(from_second(heartbeat_kind::ack, 1, 1))});
    world.advance(100ms);
  }
  EXPECT_THAT(seen, NoEventsFor(2));
}

TEST_F(heartbeat_monitor_test, heartbeats_on_another_channel_are_none) {
  start();
  *connected = false;
  world.advance(1s);
  seen.forget();
  caf::anon_send(first, peer_packet{2, membership_channel, encode(from_second(heartbeat_kind::beat, 1, 1))});
  world.drain();
  EXPECT_THAT(seen, NoEventsFor(2));
}

TEST_F(heartbeat_monitor_test, whatever_the_link_hears_is_a_sign_of_life) {
  start();
  world.advance(1s);
  seen.forget();
  *connected = false;
  for (int i = 0; i < 30; ++i) {
    heard_of_second->set(world.now());
    world.advance(100ms);
  }
  EXPECT_THAT(seen, NoEventsFor(2));
  seen.forget();
  world.advance(10s);
  EXPECT_THAT(seen, Exactly(Suspected(2, At(AllOf(Gt(duration{350ms}), Le(duration{410ms}))))));
  seen.forget();
  heard_of_second->set(world.now());
  world.advance(100ms);
  EXPECT_THAT(seen, Exactly(Heard(2)));
}

TEST_F(heartbeat_monitor_test, what_was_heard_before_a_link_was_lost_brings_nobody_back) {
  start();
  world.advance(1s);
  *connected = false;
  world.advance(50ms);
  heard_of_second->set(world.now());
  caf::anon_send(first, peer_link_state{2, false});
  world.drain();
  seen.forget();
  world.advance(10s);
  EXPECT_THAT(seen, NoEventsFor(2));
  EXPECT_EQ(seen_by(first).state, "down");
}

TEST_F(heartbeat_monitor_test, a_lost_link_counts_at_once) {
  start();
  world.advance(1s);
  seen.forget();
  *connected = false;
  caf::anon_send(first, peer_link_state{2, false});
  world.drain();
  EXPECT_THAT(seen, Exactly(Lost(2, At(0ms))));
  EXPECT_EQ(seen_by(first).state, "down");
}

TEST_F(heartbeat_monitor_test, a_link_that_comes_up_gets_a_beat_at_once) {
  start();
  world.advance(50ms);
  sent->clear();
  caf::anon_send(first, peer_link_state{2, true});
  world.drain();
  EXPECT_GE(sent->size(), 1u);
}

TEST_F(heartbeat_monitor_test, bytes_that_are_no_heartbeat_of_the_sender_are_no_sign_of_life) {
  start();
  *connected = false;
  world.advance(1s);
  seen.forget();
  caf::anon_send(first, peer_packet{2, heartbeat_channel, "junk"});
  const heartbeat of_another{heartbeat_kind::beat, node_status::normal, 3, 1, 1, 1, 1};
  caf::anon_send(first, peer_packet{2, heartbeat_channel, encode(of_another)});
  caf::anon_send(first, peer_packet{3, heartbeat_channel, encode(of_another)});
  world.drain();
  EXPECT_THAT(seen, NoEventsFor(2));
}

}  // namespace
}  // namespace bulwark::test
