// SPDX-License-Identifier: BSD-3-Clause
// Goal: between links and groups nothing piles up, nobody misses who is down or silent, and a process that
// has nothing to say is heard all the same. Method: an exchange under virtual time between a link and
// replicas that the test plays; one of them takes nothing until it is told to.
#include "bulwark/consensus/group_exchange.hpp"

#include <gtest/gtest.h>

#include "bulwark/actors/messages.hpp"
#include "bulwark/consensus/core/codec.hpp"
#include "virtual_system.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;
using namespace std::chrono_literals;

/// What a link or a replica of these tests got.
struct exchanged {
  std::vector<std::string> packets;
  std::vector<bool> up, silent;
};

/// Leaves what it does not know, the question what it has taken, until it gets a number.
caf::behavior exchange_end(caf::event_based_actor* self, std::shared_ptr<exchanged> into, bool takes) {
  const caf::message_handler all{[into](const peer_packet& packet) { into->packets.push_back(packet.bytes); },
                                 [into](const peer_link_state& link) { into->up.push_back(link.up); },
                                 [into](const peer_silence& what) { into->silent.push_back(what.silent); }};
  const auto answer = [](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
    return caf::make_error(caf::sec::unexpected_message);
  };
  if (takes) {
    self->set_default_handler(answer);
    return all;
  }
  self->set_default_handler(caf::skip);
  return all.or_else([=](int) {
    self->set_default_handler(answer);
    self->become(all);
  });
}

class group_exchange_test : public testing::Test {
 protected:
  void start(group_exchange_options options = {}) {
    link = spawn_end(on_link, true);
    options.links[node_id{2}] = link;
    options.routes = routes;
    exchange = spawn_group_exchange(system.get(), options);
    system.settle();
  }
  void TearDown() override {
    for (const auto& one : ends) caf::anon_send_exit(one, caf::exit_reason::kill);
    caf::anon_send_exit(exchange, caf::exit_reason::kill);
    system.settle();
  }

  caf::actor spawn_end(std::shared_ptr<exchanged> into, bool takes) {
    ends.push_back(system.get().spawn(exchange_end, std::move(into), takes));
    system.settle();
    return ends.back();
  }
  std::string frame(std::uint32_t group) {
    std::string bytes;
    encode(group_id{group}, {node_id{2}, node_id{1}, beat{1}}, bytes);
    return bytes;
  }
  void come(const std::string& bytes, std::uint8_t channel = consensus_channel) {
    caf::anon_send(exchange, peer_packet{2, channel, bytes});
    system.settle();
  }
  void go(std::size_t bytes) { caf::anon_send(exchange, group_packet{node_id{2}, std::string(bytes, 'x')}); }
  group_exchange_report report() {
    return system.ask<group_exchange_report>(exchange, get_group_exchange_report{}).value();
  }

  virtual_system system;
  const std::shared_ptr<group_routes> routes = std::make_shared<group_routes>();
  const std::shared_ptr<exchanged> on_link = std::make_shared<exchanged>();
  std::vector<caf::actor> ends;
  caf::actor link, exchange;
};

TEST_F(group_exchange_test, a_group_that_takes_nothing_gets_a_window_full_and_more_once_it_does) {
  for (const bool by_bytes : {false, true}) {
    const auto got = std::make_shared<exchanged>();
    const auto replica = spawn_end(got, false);
    routes->remove(group_id{1});
    routes->add(group_id{1}, replica);
    const auto size = frame(1).size();
    start({.links = {},
           .routes = {},
           .window = by_bytes ? credit_window{1000, 4 * size} : credit_window{4, 1u << 20}});
    for (int i = 0; i < 6; ++i) come(frame(1));
    EXPECT_EQ(got->packets.size(), 4u);
    EXPECT_EQ(report().dropped_full, 2u);
    caf::anon_send(replica, 1);
    system.settle();
    for (int i = 0; i < 20; ++i) come(frame(1));
    EXPECT_EQ(got->packets.size(), 24u);
    EXPECT_EQ(report().dropped_full, 2u);
    caf::anon_send_exit(exchange, caf::exit_reason::kill);
    system.settle();
  }
}

TEST_F(group_exchange_test, frames_that_are_larger_than_the_window_pass_alone) {
  const auto got = std::make_shared<exchanged>();
  routes->add(group_id{1}, spawn_end(got, false));
  start({.links = {}, .routes = {}, .window = {1000, frame(1).size() - 1}});
  come(frame(1));
  EXPECT_EQ(got->packets.size(), 1u);
  come(frame(1));
  EXPECT_EQ(got->packets.size(), 1u);
  EXPECT_EQ(report().dropped_full, 1u);
}

TEST_F(group_exchange_test, a_group_that_comes_anew_has_a_window_of_its_own) {
  start({.links = {}, .routes = {}, .window = {2, 1u << 20}});
  routes->add(group_id{1}, spawn_end(std::make_shared<exchanged>(), false));
  for (int i = 0; i < 3; ++i) come(frame(1));
  routes->remove(group_id{1});
  come(frame(1));
  EXPECT_EQ(report().dropped_unknown, 1u);
  const auto got = std::make_shared<exchanged>();
  routes->add(group_id{1}, spawn_end(got, true));
  come(frame(1));
  EXPECT_EQ(got->packets.size(), 1u);
}

TEST_F(group_exchange_test, only_what_comes_on_its_channel_is_its_own) {
  start();
  const auto got = std::make_shared<exchanged>();
  routes->add(group_id{1}, spawn_end(got, true));
  come(frame(1), heartbeat_channel);
  EXPECT_EQ(got->packets.size(), 0u);
  EXPECT_EQ(report().packets_received, 0u);
}

TEST_F(group_exchange_test, who_is_down_or_silent_is_told_to_all_and_to_who_joins_later) {
  start({.links = {}, .routes = {}, .pulses = true});
  const auto first = std::make_shared<exchanged>(), later = std::make_shared<exchanged>();
  routes->add(group_id{1}, spawn_end(first, true));
  come(frame(1));
  system.advance(1s);
  caf::anon_send(exchange, peer_link_state{2, false});
  system.settle();
  EXPECT_EQ(first->silent, (std::vector<bool>{false, true}));
  EXPECT_EQ(first->up, std::vector<bool>{false});
  routes->add(group_id{5}, spawn_end(later, true));
  caf::anon_send(exchange, replica_joined{group_id{5}});
  system.settle();
  EXPECT_EQ(later->silent, std::vector<bool>{true});
  EXPECT_EQ(later->up, std::vector<bool>{false});
}

TEST_F(group_exchange_test, a_pulse_goes_out_in_each_interval_in_which_nothing_else_does) {
  start({.links = {}, .routes = {}, .pulses = true});
  system.advance(1s);
  EXPECT_EQ(on_link->packets, std::vector<std::string>(10));
  on_link->packets.clear();
  for (int i = 0; i < 20; ++i) {
    go(3);
    system.advance(50ms);
  }
  EXPECT_EQ(on_link->packets, std::vector<std::string>(20, "xxx"));
}

TEST_F(group_exchange_test, what_comes_in_one_turn_shares_a_packet_that_is_not_too_large) {
  start({.links = {}, .routes = {}, .packet_bytes = 10});
  for (int i = 0; i < 5; ++i) go(4);
  system.settle();
  EXPECT_EQ(on_link->packets, (std::vector<std::string>{std::string(12, 'x'), std::string(8, 'x')}));
  go(4);
  system.settle();
  EXPECT_EQ(on_link->packets.size(), 3u);
}

}  // namespace
}  // namespace bulwark::test
