// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include <bulwark/testkit/cluster_matchers.hpp>
#include <bulwark/testkit/deterministic_system.hpp>
#include <caf/all.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/link.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/supervision/heartbeat_monitor.hpp"

namespace bulwark::test {

using beats = std::vector<heartbeat>;

/// Takes the place of a link: remembers what is sent, and passes it on as if it came from node `as`, if
/// connected.
inline caf::behavior stand_in(caf::event_based_actor*, std::shared_ptr<beats> sent,
                              std::shared_ptr<bool> connected, std::uint32_t as, caf::actor to) {
  return {[=](const peer_packet& packet) {
    if (const auto what = decode_heartbeat(packet.bytes)) sent->push_back(*what);
    if (*connected) caf::anon_send(to, peer_packet{as, packet.channel, packet.bytes});
  }};
}

/// Two monitors whose links are stand-ins.
class heartbeat_fixture : public ::testing::Test {
 protected:
  ~heartbeat_fixture() override {
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
    first_options.heard[2] = heard_of_second;
    first_options.status = [this] { return status; };
    first_options.on_change = seen.verdicts(1);
    first_options.load = [this] {
      pass_in_a_turn(first_takes);
      return load;
    };
    first_options.serves_at = [this] { return serves_at; };
    auto second_options = options(2, 1);
    second_options.load = [this] {
      pass_in_a_turn(std::exchange(second_takes, duration::zero()));
      return second_load;
    };
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

  void pass_in_a_turn(duration length) {
    dynamic_cast<caf::scheduler::test_coordinator&>(world.system().scheduler()).clock().current_time +=
        length;
  }

  static heartbeat from_second(heartbeat_kind kind, std::uint64_t sequence, std::uint64_t sent_ns) {
    return {kind, node_status::normal, 2, 102, 1, sequence, sent_ns, {}, {}};
  }

  peer_entry seen_by(const caf::actor& monitor) {
    caf::scoped_actor self{world.system()};
    self->send(monitor, get_peers{});
    world.drain();
    peer_entry entry;
    self->receive([&](peer_table& table) { entry = table.peers.at(0); },
                  caf::after(std::chrono::seconds{0}) >> [] { ADD_FAILURE() << "no answer"; });
    return entry;
  }

  testkit::deterministic_system world{
      [](caf::actor_system_config& config) { add_heartbeat_messages(config); }};
  std::shared_ptr<beats> sent = std::make_shared<beats>();
  std::shared_ptr<bool> connected = std::make_shared<bool>(true);
  std::vector<caf::actor> actors;
  caf::actor first_ref, second_ref, link12, link21, first, second;
  std::shared_ptr<last_heard> heard_of_second = std::make_shared<last_heard>();  ///< by the link of the first
  node_status status = node_status::normal;
  vitals load{}, second_load{};
  duration first_takes{};   ///< time that passes whenever the first measures its load
  duration second_takes{};  ///< and the next time that the second does: all timers are late by it
  std::vector<anomaly_change> opinions;
  std::string serves_at;
  std::vector<std::pair<std::uint32_t, std::string>> heard_addresses;
  testkit::witness seen{world};  ///< of what the first thinks of the second
};

}  // namespace bulwark::test
