// SPDX-License-Identifier: BSD-3-Clause
// Goal: a node says of itself and of others what is due, again until it shows and not more often than that,
// and joins again when the group holds it for over.
// Method: the actor in virtual time beside a real group machine, which the test may cut off; links that note
// what is sent.
#include "bulwark/consensus/membership_actor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <caf/all.hpp>
#include <string_view>
#include <vector>

#include "bulwark/actors/link.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/consensus/core/messages.hpp"
#include "bulwark/consensus/group_machine.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/supervision/core/leader_vantage.hpp"
#include "bulwark/supervision/core/suspicion_codec.hpp"
#include "bulwark/testkit/deterministic_system.hpp"

namespace bulwark::consensus {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// What the group is told, and whether it listens.
struct told_group {
  std::unique_ptr<group_machine> machine;
  std::vector<members::command> heard;
  outcome gives = outcome::done;  ///< if another, nothing takes effect
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
          [](get_replica_status) { return replica_report{}; }};
}

using sent_words = std::vector<std::pair<std::uint32_t, observer_message>>;

inline caf::behavior noting_link(caf::event_based_actor*, std::shared_ptr<sent_words> sent) {
  return {[sent](const peer_packet& packet) {
    const auto what = decode_observer_message(packet.bytes);
    if (packet.channel == membership_channel && what) sent->emplace_back(packet.peer, *what);
  }};
}

class membership_actor_test : public testing::Test {
 protected:
  membership_actor_test() {
    group->machine = std::make_unique<group_machine>(no_service(), board);
    replica = world.system().spawn(replica_in_memory, group);
    link = world.system().spawn(noting_link, sent);
  }
  ~membership_actor_test() override {
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
    options.interval = 100ms;
    options.timeout = 250ms;
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
    world.advance(200ms);
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

TEST_F(membership_actor_test, it_joins_and_says_what_phase_it_is_in_once_each) {
  start();
  world.advance(1s);
  EXPECT_EQ(heard<members::join>().size(), 1u);
  EXPECT_THAT(heard<members::ready>(), IsEmpty());
  phase = member_phase::up;
  world.advance(1s);
  EXPECT_EQ(state_of(1), member_state::up);
  EXPECT_EQ(heard<members::ready>().size(), 1u);
  phase = member_phase::draining;
  world.advance(1s);
  EXPECT_EQ(heard<members::drain>().size(), 1u);
  EXPECT_TRUE(board->latest()->nodes().find(1)->draining);
}

TEST_F(membership_actor_test, what_a_full_queue_refused_is_said_again_but_not_all_the_time) {
  group->gives = outcome::overloaded;
  start();
  world.advance(2100ms);
  EXPECT_GE(heard<members::join>().size(), 4u);
  EXPECT_LE(heard<members::join>().size(), 6u);
}

TEST_F(membership_actor_test, what_was_lost_with_a_leader_is_said_again_soon) {
  group->gives = outcome::unknown;
  start();
  world.advance(100ms);
  EXPECT_GE(heard<members::join>().size(), 2u);
  group->gives = outcome::done;
  world.advance(100ms);
  EXPECT_NE(state_of(1), member_state::removed);
}

TEST_F(membership_actor_test, a_life_that_is_over_is_followed_by_a_later_one) {
  start_among_others();
  decide(members::leave{{1, 7}});
  world.advance(100ms);
  EXPECT_EQ(board->incarnation(), 8u);
  EXPECT_EQ(state_of(1), member_state::up);
  decide(members::join{{1, 20}, "127.0.0.1:20001", {}});
  world.advance(100ms);
  EXPECT_EQ(board->incarnation(), 21u);
  EXPECT_EQ(state_of(1), member_state::up);
}

TEST_F(membership_actor_test, who_leaves_does_not_come_back_and_accuses_nobody) {
  start_among_others();
  leave_group(actor, 0s);
  fall_silent(2);
  world.advance(2s);
  deny(2);
  world.advance(2s);
  EXPECT_EQ(heard<members::leave>().size(), 1u);
  EXPECT_EQ(state_of(1), member_state::down);
  EXPECT_EQ(board->incarnation(), 7u);
  EXPECT_THAT(heard<members::accuse>(), IsEmpty());
}

TEST_F(membership_actor_test, who_leaves_while_the_group_does_not_listen_says_it_again) {
  start_among_others();
  group->gives = outcome::unknown;
  leave_group(actor, 0s);
  world.advance(200ms);
  EXPECT_EQ(state_of(1), member_state::up);
  group->gives = outcome::done;
  world.advance(600ms);
  EXPECT_EQ(state_of(1), member_state::down);
}

TEST_F(membership_actor_test, a_silent_node_that_nobody_reaches_is_accused_and_one_that_is_heard_is_not) {
  start_among_others();
  decide(members::leave{{4, 1}});
  fall_silent(2);
  world.advance(100ms);
  EXPECT_THAT(asked_for(2), ElementsAre(3u)) << "of those that are up";
  deny(2);
  world.advance(300ms);
  ASSERT_EQ(heard<members::accuse>().size(), 1u);
  EXPECT_EQ(heard<members::accuse>()[0].subject, (node_life{2, 1}));
  EXPECT_THAT(asked_for(3), IsEmpty());
}

TEST_F(membership_actor_test, an_accusation_that_was_lost_with_a_leader_is_told_again_soon) {
  start_among_others();
  group->gives = outcome::unknown;
  fall_silent(2);
  world.advance(100ms);
  deny(2);
  world.advance(200ms);
  EXPECT_GE(heard<members::accuse>().size(), 3u);
}

TEST_F(membership_actor_test, an_echo_proves_a_node_alive) {
  start_among_others();
  fall_silent(2);
  world.advance(100ms);
  say(2, {.what = observer_message_kind::echo});
  deny(2);
  world.advance(300ms);
  EXPECT_THAT(heard<members::accuse>(), IsEmpty());
}

TEST_F(membership_actor_test,
       what_comes_by_another_channel_or_belongs_to_the_vantage_is_not_for_the_observer) {
  start_among_others();
  say(2, {.what = observer_message_kind::probe}, heartbeat_channel);
  EXPECT_THAT(*sent, IsEmpty());
  say(2, {.what = observer_message_kind::probe});
  ASSERT_EQ(sent->size(), 1u);
  EXPECT_EQ(sent->back().first, 2u);
  EXPECT_EQ(sent->back().second.what, observer_message_kind::echo);
}

TEST_F(membership_actor_test, a_node_that_was_never_heard_has_time_before_it_is_doubted) {
  start_among_others();
  decide(members::join{{4, 2}, "127.0.0.1:20001", {}});
  board->set_verdict(4, peer_state::down);
  decide(members::ready{{4, 2}});
  world.advance(500ms);
  EXPECT_THAT(asked_for(4), IsEmpty());
  board->begin_hearing(world.now());
  for (const std::uint32_t node : {2, 3}) board->set_verdict(node, peer_state::up);
  world.advance(1s);
  EXPECT_THAT(asked_for(4), IsEmpty()) << "the detector has begun anew";
  world.advance(400ms);
  EXPECT_FALSE(asked_for(4).empty());
  EXPECT_THAT(asked_for(3), IsEmpty()) << "which is heard";
}

TEST_F(membership_actor_test, a_node_is_watched_since_it_first_was_however_often_the_view_changes) {
  start_among_others();
  board->begin_hearing(world.now());
  for (const std::uint32_t node : {2, 3}) board->set_verdict(node, peer_state::up);
  for (std::uint64_t i = 2; i < 30; ++i) {
    world.advance(50ms);
    decide(members::join{{9, i}, "127.0.0.1:20001", {}});
  }
  EXPECT_FALSE(asked_for(4).empty());
}

TEST_F(membership_actor_test, one_that_is_accused_refutes) {
  start_among_others();
  std::uint32_t observer = 2;
  const auto seen = board->latest();
  while (observer < 4 && !testing::Value(seen->nodes().subjects_of(observer), testing::Contains(1u)))
    ++observer;
  decide(members::accuse{{observer, 1}, {1, 7}, 0});
  world.advance(100ms);
  EXPECT_EQ(heard<members::refute>().size(), 1u);
  EXPECT_EQ(state_of(1), member_state::up);
}

}  // namespace
}  // namespace bulwark::consensus
