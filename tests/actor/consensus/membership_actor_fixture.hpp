// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include <caf/all.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "bulwark/actors/link.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/consensus/core/messages.hpp"
#include "bulwark/consensus/group_machine.hpp"
#include "bulwark/consensus/membership_actor.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/supervision/core/suspicion_codec.hpp"
#include "bulwark/testkit/deterministic_system.hpp"

namespace bulwark::consensus {

/// What the group is told, and whether it listens.
struct told_group {
  std::unique_ptr<group_machine> machine;
  std::vector<members::command> heard;
  outcome gives = outcome::done;  ///< if another, nothing takes effect
  replica_report report;
};

inline caf::behavior replica_in_memory(caf::event_based_actor*, std::shared_ptr<told_group> group) {
  return {[group](const submit& what) {
            const auto command = decode_group_command(std::string_view{what.payload}.substr(8));
            if (command)
              if (const auto* said = std::get_if<members::command>(&*command)) group->heard.push_back(*said);
            submit_result result;
            result.outcome = static_cast<std::uint8_t>(group->gives);
            if (group->gives == outcome::done) result.reply = group->machine->apply(what.payload);
            return result;
          },
          [group](get_replica_status) { return group->report; }};
}

using sent_words = std::vector<std::pair<std::uint32_t, observer_message>>;

inline caf::behavior noting_link(caf::event_based_actor*, std::shared_ptr<sent_words> sent) {
  return {[sent](const peer_packet& packet) {
    const auto what = decode_observer_message(packet.bytes);
    if (packet.channel == membership_channel && what) sent->emplace_back(packet.peer, *what);
  }};
}

/// A node beside a group that the test plays.
class membership_actor_fixture : public testing::Test {
 protected:
  membership_actor_fixture() {
    group->machine = std::make_unique<group_machine>(no_service(), board);
    replica = world.system().spawn(replica_in_memory, group);
    link = world.system().spawn(noting_link, sent);
  }
  ~membership_actor_fixture() override {
    for (const auto& one : {actor, replica, link})
      if (one) kill_now(one);
    actor = nullptr;
    world.drain();
    EXPECT_EQ(world.system().registry().running(), 0u) << "actors were left behind";
  }
  void start() {
    membership_options options;
    options.self = 1;
    options.address = "127.0.0.1:20001";
    options.phase = [this] { return phase; };
    options.board = board;
    options.replica = replica;
    for (std::uint32_t peer = 2; peer <= 4; ++peer) options.links[peer] = link;
    options.interval = std::chrono::milliseconds{100};
    options.timeout = std::chrono::milliseconds{250};
    board->begin_hearing(world.now());
    actor = spawn_membership(world.system(), options);
    world.drain();
  }
  /// The nodes 2 to 4 are members, and so is this one.
  void start_among_others() {
    for (std::uint32_t node = 2; node <= 4; ++node) {
      decide(members::join{{node, 1}, "127.0.0.1:20001", {}});
      decide(members::ready{{node, 1}});
      board->set_verdict(node, peer_state::up);
    }
    phase = member_phase::up;
    start();
    world.advance(std::chrono::milliseconds{200});
    ASSERT_EQ(state_of(1), member_state::up);
    group->heard.clear();
  }
  void decide(const members::command& what) {
    group->machine->apply(group_request(what));
    world.drain();
  }
  [[nodiscard]] member_state state_of(std::uint32_t node) const {
    const auto seen = board->latest();
    const auto* found = seen ? seen->nodes().find(node) : nullptr;
    return found ? found->state : member_state::removed;
  }
  void fall_silent(std::uint32_t node) {
    board->set_verdict(node, peer_state::down);
    tell_verdict(actor, {.peer = node, .to = peer_state::down});
    world.drain();
  }
  void say(std::uint32_t from, const observer_message& what, std::uint8_t channel = membership_channel) {
    caf::anon_send(actor, peer_packet{from, channel, encode(what)});
    world.drain();
  }
  /// All who were asked for this node deny that they reach it.
  void deny(std::uint32_t subject) {
    for (const auto& [to, what] : sent_words{*sent})
      if (what.what == observer_message_kind::ask && what.subject == subject)
        say(to, {observer_message_kind::answer, subject, what.number, false});
  }
  template <class What>
  std::vector<What> heard() const {
    std::vector<What> found;
    for (const auto& one : group->heard)
      if (const auto* what = std::get_if<What>(&one)) found.push_back(*what);
    return found;
  }
  std::vector<std::uint32_t> asked_for(std::uint32_t subject) const {
    std::vector<std::uint32_t> whom;
    for (const auto& [to, what] : *sent)
      if (what.what == observer_message_kind::ask && what.subject == subject) whom.push_back(to);
    return whom;
  }

  testkit::deterministic_system world{
      [](caf::actor_system_config& config) { add_consensus_messages(config); }};
  caf::actor actor;
  std::shared_ptr<member_board> board = std::make_shared<member_board>(7, [this] {
    if (actor) tell_group_changed(actor);
  });
  std::shared_ptr<told_group> group = std::make_shared<told_group>();
  std::shared_ptr<sent_words> sent = std::make_shared<sent_words>();
  caf::actor replica;
  caf::actor link;
  member_phase phase = member_phase::starting;
};

}  // namespace bulwark::consensus
