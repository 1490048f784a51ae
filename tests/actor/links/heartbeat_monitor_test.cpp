// SPDX-License-Identifier: BSD-3-Clause
// Goal: a monitor tells its peers every T_interval that it lives, answers them, and reports who is silent or
// lost. Method: virtual time; stand-ins for links that either record what goes out, or carry it to a second
// monitor.
#include "bulwark/supervision/heartbeat_monitor.hpp"

#include <gtest/gtest.h>

#include <bulwark/testkit/deterministic_system.hpp>
#include <caf/all.hpp>
#include <memory>
#include <vector>

#include "bulwark/actors/link.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/stable_ref.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

using beats = std::vector<heartbeat>;

/// Takes the place of a link: remembers what is sent, and passes it on as if it came from node `as`, if
/// connected.
caf::behavior stand_in(caf::event_based_actor*, std::shared_ptr<beats> sent, std::shared_ptr<bool> connected,
                       std::uint32_t as, caf::actor to) {
  return {[=](const peer_packet& packet) {
    if (const auto what = decode_heartbeat(packet.bytes)) sent->push_back(*what);
    if (*connected) caf::anon_send(to, peer_packet{as, packet.channel, packet.bytes});
  }};
}

class heartbeat_monitor_test : public ::testing::Test {
 protected:
  ~heartbeat_monitor_test() override {
    for (const auto& one : actors) kill_now(one);
    world.drain();
  }

  detector_options detector{.kind = detector_kind::fixed};

  heartbeat_options options(std::uint32_t self, std::uint32_t peer) {
    heartbeat_options made{.self = self, .incarnation = 100 + self, .detector = detector, .links = {}};
    made.started = world.now();
    made.links[peer] = self == 1 ? link12 : link21;
    return made;
  }

  caf::actor keep(caf::actor one) {
    actors.push_back(one);
    return one;
  }

  void start() {
    first_ref = make_stable_ref(world.system());
    second_ref = make_stable_ref(world.system());
    link12 = keep(world.system().spawn(stand_in, sent, connected, 1u, second_ref));
    link21 = keep(world.system().spawn(stand_in, std::make_shared<beats>(), connected, 2u, first_ref));
    auto first_options = options(1, 2);
    first_options.status = [this] { return status; };
    first_options.on_change = [this](const peer_change& change) { changes.push_back(change); };
    first_options.load = [this] { return load; };
    first_options.serves_at = [this] { return serves_at; };
    auto second_options = options(2, 1);
    second_options.on_anomaly = [this](std::uint32_t, const anomaly_change& change) {
      opinions.push_back(change);
    };
    second_options.on_serves_at = [this](std::uint32_t peer, const std::string& address) {
      heard_addresses.emplace_back(peer, address);
    };
    first = keep(spawn_heartbeat_monitor(world.system(), first_options));
    second = keep(spawn_heartbeat_monitor(world.system(), second_options));
    bind(first_ref, first);
    bind(second_ref, second);
    world.drain();
  }

  peer_entry seen_by(const caf::actor& monitor) {
    caf::scoped_actor self{world.system()};
    self->send(monitor, get_peers{});
    world.drain();
    peer_entry entry;
    self->receive([&](peer_table& table) { entry = table.peers.at(0); },
                  caf::after(0s) >> [] { ADD_FAILURE() << "no answer"; });
    return entry;
  }

  testkit::deterministic_system world{
      [](caf::actor_system_config& config) { add_heartbeat_messages(config); }};
  std::shared_ptr<beats> sent = std::make_shared<beats>();
  std::shared_ptr<bool> connected = std::make_shared<bool>(true);
  std::vector<caf::actor> actors;
  caf::actor first_ref, second_ref, link12, link21, first, second;
  node_status status = node_status::normal;
  vitals load{};
  std::vector<anomaly_change> opinions;
  std::string serves_at;
  std::vector<std::pair<std::uint32_t, std::string>> heard_addresses;
  std::vector<peer_change> changes;
};

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
  changes.clear();
  *connected = false;
  world.advance(450ms);
  EXPECT_TRUE(changes.empty());
  world.advance(60ms);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].to, peer_state::suspect);
  world.advance(10s);
  EXPECT_EQ(changes.size(), 1u);
  *connected = true;
  world.advance(100ms);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[1].to, peer_state::up);
}

TEST_F(heartbeat_monitor_test, a_peer_that_was_always_regular_is_suspect_sooner_with_phi) {
  detector.kind = detector_kind::phi;
  start();
  world.advance(30s);
  changes.clear();
  *connected = false;
  world.advance(350ms);
  EXPECT_TRUE(changes.empty());
  EXPECT_LT(seen_by(first).phi, 8);
  world.advance(75ms);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].to, peer_state::suspect);
  EXPECT_GT(seen_by(first).phi, 7);
}

TEST_F(heartbeat_monitor_test, a_lost_link_counts_at_once) {
  start();
  world.advance(1s);
  changes.clear();
  *connected = false;
  caf::anon_send(first, peer_link_state{2, false});
  world.drain();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].to, peer_state::down);
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
  changes.clear();
  caf::anon_send(first, peer_packet{2, heartbeat_channel, "junk"});
  const heartbeat of_another{heartbeat_kind::beat, node_status::normal, 3, 1, 1, 1, 1};
  caf::anon_send(first, peer_packet{2, heartbeat_channel, encode(of_another)});
  caf::anon_send(first, peer_packet{3, heartbeat_channel, encode(of_another)});
  world.drain();
  EXPECT_TRUE(changes.empty());
}

}  // namespace
}  // namespace bulwark::test
