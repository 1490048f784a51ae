// SPDX-License-Identifier: BSD-3-Clause
// Goal: two nodes find each other by one dialler, notice at once when the other end is gone, come back from
// every crash, and never keep more for a peer than it gave credit for. Method: two or three actor systems in
// this process, connected over loopback TCP; every wait ends with what it waits for, and fails after ten
// seconds.
#include "bulwark/actors/link.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <caf/send.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "link_node.hpp"

namespace bulwark::test {
namespace {

using ::testing::HasSubstr;

/// Node 1 listens, node 2 dials.
class link_test : public ::testing::Test {
 protected:
  void connect(link_node_options listener = {.id = 1}, link_node_options dialler = {.id = 2}) {
    listener.peers.emplace(2, 0);
    one = std::make_unique<link_node>(std::move(listener));
    dialler.peers.emplace(1, one->port());
    two = std::make_unique<link_node>(std::move(dialler));
  }

  void expect_up() {
    ASSERT_TRUE(one->await_up(2));
    ASSERT_TRUE(two->await_up(1));
  }

  /// Something gets through in both directions.
  void expect_traffic(const std::string& text) {
    const auto has_it = [&](const inbox& seen) {
      return !seen.packets.empty() && seen.packets.back().bytes == text;
    };
    one->send(2, text);
    two->send(1, text);
    EXPECT_TRUE(one->consensus().await(has_it));
    EXPECT_TRUE(two->consensus().await(has_it));
  }

  std::unique_ptr<link_node> one;
  std::unique_ptr<link_node> two;
};

TEST_F(link_test, both_ends_come_up_and_packets_arrive_in_order) {
  connect();
  expect_up();
  for (int i = 0; i < 1000; ++i) two->send(1, std::to_string(i));
  ASSERT_TRUE(one->consensus().await([](const inbox& seen) { return seen.packets.size() == 1000; }));
  const auto packets = one->consensus().received_packets();
  for (int i = 0; i < 1000; ++i) {
    const auto& packet = packets[static_cast<std::size_t>(i)];
    ASSERT_EQ(packet.bytes, std::to_string(i));
    ASSERT_EQ(packet.peer, 2u);
  }
  expect_traffic("both ways");
}

TEST_F(link_test, each_channel_has_its_own_subscriber) {
  connect();
  expect_up();
  two->send(1, "beat", heartbeat_channel);
  EXPECT_TRUE(one->heartbeats().await([](const inbox& seen) { return seen.packets.size() == 1; }));
  EXPECT_TRUE(one->heartbeats().await([](const inbox& seen) { return seen.up(2); }));
  EXPECT_EQ(one->consensus().received(), 0u);
}

TEST_F(link_test, arbitrary_bytes_get_through) {
  connect();
  expect_up();
  std::string all(1 << 20, '\0');
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<char>(i * 31 % 257);
  expect_traffic(all);
}

TEST_F(link_test, a_node_that_starts_later_is_found) {
  const auto port = free_port();
  two = std::make_unique<link_node>(link_node_options{.id = 2, .peers = {{1, port}}});
  one = std::make_unique<link_node>(link_node_options{.id = 1, .port = port, .peers = {{2, 0}}});
  expect_up();
  expect_traffic("found");
}

TEST_F(link_test, three_nodes_that_start_at_once_have_one_session_for_each_pair) {
  link_node first{{.id = 1, .peers = {{2, 0}, {3, 0}}}};
  link_node second{{.id = 2, .peers = {{1, first.port()}, {3, 0}}}};
  link_node third{{.id = 3, .peers = {{1, first.port()}, {2, second.port()}}}};
  for (auto* node : {&first, &second, &third}) {
    for (std::uint32_t peer = 1; peer <= 3; ++peer) {
      if (node == &first && peer == 1) continue;
      if (node == &second && peer == 2) continue;
      if (node == &third && peer == 3) continue;
      ASSERT_TRUE(node->await_up(peer));
      EXPECT_EQ(node->report(peer).sessions, 1u);
    }
  }
}

TEST_F(link_test, the_end_of_a_process_is_seen_and_its_successor_is_known_as_new) {
  connect({.id = 1, .incarnation = 11});
  expect_up();
  const auto port = one->port();
  EXPECT_EQ(two->report(1).peer_incarnation, 11u);
  one.reset();
  ASSERT_TRUE(two->await_down(1));
  one = std::make_unique<link_node>(
      link_node_options{.id = 1, .incarnation = 12, .port = port, .peers = {{2, 0}}});
  expect_up();
  EXPECT_EQ(two->report(1).peer_incarnation, 12u);
  expect_traffic("again");
}

TEST_F(link_test, envoys_meet_in_each_session_and_reach_each_other) {
  connect({.id = 1, .incarnation = 11});
  expect_up();
  const auto met = [](link_node& node, std::uint32_t peer, std::size_t times) {
    return node.envoy().await([&](const inbox& seen) {
      return seen.introduced.contains(peer) && seen.introduced.at(peer).size() == times;
    });
  };
  ASSERT_TRUE(met(*one, 2, 1));
  ASSERT_TRUE(met(*two, 1, 1));
  const auto first = two->envoy().introduced.at(1).front();
  EXPECT_EQ(first.incarnation, 11u);
  caf::anon_send(first.envoy, peer_packet{2, membership_channel, "by hand"});
  EXPECT_TRUE(one->envoy().await([](const inbox& seen) { return seen.packets.size() == 1; }));
  two->kill_link(1);
  two->start_link(1);
  EXPECT_TRUE(met(*one, 2, 2));
  EXPECT_TRUE(met(*two, 1, 2));
}

TEST_F(link_test, the_end_of_a_dialler_is_seen_by_the_connection_and_not_by_silence) {
  connect();
  expect_up();
  ASSERT_TRUE(one->envoy().await([](const inbox& seen) { return seen.up(2); })) << "envoys are told as well";
  const auto ended = std::chrono::steady_clock::now();
  two.reset();
  ASSERT_TRUE(one->await_down(2));
  EXPECT_LT(std::chrono::steady_clock::now() - ended, std::chrono::seconds{4}) << "silence takes five";
  EXPECT_TRUE(one->envoy().await([](const inbox& seen) { return !seen.up(2); }));
  two =
      std::make_unique<link_node>(link_node_options{.id = 2, .incarnation = 2, .peers = {{1, one->port()}}});
  expect_up();
  expect_traffic("again");
}

TEST_F(link_test, a_killed_link_of_the_dialler_comes_back) {
  connect();
  expect_up();
  two->kill_link(1);
  ASSERT_TRUE(one->await_down(2));
  two->start_link(1);
  ASSERT_TRUE(one->await_up(2));
  ASSERT_TRUE(two->await_report(1, [](const link_report& now) { return now.up; }));
  expect_traffic("again");
}

TEST_F(link_test, a_killed_link_of_the_listener_comes_back) {
  connect();
  expect_up();
  one->kill_link(2);
  ASSERT_TRUE(two->await_down(1));
  one->start_link(2);
  ASSERT_TRUE(two->await_up(1));
  ASSERT_TRUE(one->await_report(2, [](const link_report& now) { return now.up; }));
  expect_traffic("again");
}

TEST_F(link_test, a_session_that_is_lost_long_after_its_hello_comes_back) {
  connect();
  expect_up();
  const auto old_enough = std::chrono::steady_clock::now() + link_options{}.hello_timeout * 3 / 2;
  ASSERT_TRUE(two->await_report(
      1, [&](const link_report&) { return std::chrono::steady_clock::now() >= old_enough; }));
  one->kill_link(2);
  ASSERT_TRUE(two->await_down(1));
  one->start_link(2);
  ASSERT_TRUE(two->await_up(1));
}

TEST_F(link_test, both_links_killed_at_once_come_back) {
  connect();
  expect_up();
  for (int round = 0; round < 10; ++round) {
    one->kill_link(2);
    two->kill_link(1);
    two->start_link(1);
    one->start_link(2);
    ASSERT_TRUE(one->await_report(2, [](const link_report& now) { return now.up; }));
    ASSERT_TRUE(two->await_report(1, [](const link_report& now) { return now.up; }));
  }
  // A hello that had been under way may have ended a session again; it settles by itself.
  expect_up();
}

TEST_F(link_test, a_killed_connector_forgets_no_dial) {
  const auto port = free_port();
  two = std::make_unique<link_node>(link_node_options{.id = 2, .peers = {{1, port}}});
  two->kill_connector();
  two->start_connector();
  one = std::make_unique<link_node>(link_node_options{.id = 1, .port = port, .peers = {{2, 0}}});
  expect_up();
}

TEST_F(link_test, a_link_survives_the_crash_of_its_connector) {
  connect();
  expect_up();
  one->kill_connector();
  two->kill_connector();
  one->start_connector();
  two->start_connector();
  expect_traffic("still there");
  EXPECT_EQ(two->report(1).sessions, 1u);
}

TEST_F(link_test, strangers_that_come_and_go_keep_no_link_down) {
  connect();
  expect_up();
  for (int round = 0; round < 30; ++round) {
    two->kill_link(1);
    two->start_link(1);
    for (int i = 0; i < 100; ++i) knock(one->port());
    ASSERT_TRUE(two->await_report(1, [](const link_report& now) { return now.up; })) << round;
    ASSERT_TRUE(one->await_report(2, [](const link_report& now) { return now.up; })) << round;
  }
}

TEST_F(link_test, packets_without_a_connection_are_dropped_and_counted) {
  two = std::make_unique<link_node>(link_node_options{.id = 2, .peers = {{1, free_port()}}});
  for (int i = 0; i < 10; ++i) two->send(1, "lost");
  EXPECT_TRUE(two->await_report(1, [](const link_report& now) { return now.dropped_down == 10; }));
}

TEST_F(link_test, packets_for_somebody_else_do_not_go_out) {
  connect();
  expect_up();
  two->send_to_link(1, {7, consensus_channel, "misled"});
  two->send_to_link(1, {1, 9, "no such channel"});
  expect_traffic("fine");
  EXPECT_EQ(one->consensus().received(), 1u);
}

// -- credit

constexpr credit_window small_window{100, 1 << 20};

TEST_F(link_test, a_subscriber_that_stands_still_bounds_what_is_sent) {
  connect({.id = 1, .windows = {small_window, small_window}});
  expect_up();
  one->consensus().stall(true);
  const std::string bulk(1000, 'x');
  for (int i = 0; i < 5000; ++i) two->send(1, bulk);
  // Time enough for credit, of which none may come before the subscriber took something.
  const auto later = std::chrono::steady_clock::now() + std::chrono::milliseconds{300};
  ASSERT_TRUE(
      two->await_report(1, [&](const link_report&) { return std::chrono::steady_clock::now() >= later; }));
  two->send(1, bulk);
  const auto report = two->report(1);  // behind all of them in the link's mailbox
  EXPECT_EQ(report.packets_sent + report.dropped_credit, 5001u);
  EXPECT_EQ(report.packets_sent, small_window.messages);
  EXPECT_LE(report.bytes_unacknowledged, small_window.bytes);

  two->send(1, "beat", heartbeat_channel);
  EXPECT_TRUE(one->heartbeats().await([](const inbox& seen) { return !seen.packets.empty(); }))
      << "bulk keeps heartbeats from getting through";

  one->consensus().stall(false);
  EXPECT_TRUE(two->await_report(1, [](const link_report& now) { return now.bytes_unacknowledged == 0; }));
  expect_traffic("flows again");
}

TEST_F(link_test, bytes_in_flight_are_bounded_and_one_larger_packet_passes_alone) {
  connect({.id = 1, .windows = {credit_window{1000, 10'000}, small_window}});
  expect_up();
  one->consensus().stall(true);
  const std::string larger_than_the_window(50'000, 'x');
  for (int i = 0; i < 3; ++i) two->send(1, larger_than_the_window);
  const auto report = two->report(1);
  EXPECT_EQ(report.packets_sent, 1u);
  EXPECT_EQ(report.dropped_credit, 2u);
  one->consensus().stall(false);
  EXPECT_TRUE(one->consensus().await([](const inbox& seen) { return !seen.packets.empty(); }));
  EXPECT_TRUE(two->await_report(1, [](const link_report& now) { return now.bytes_unacknowledged == 0; }));
  two->send(1, larger_than_the_window);
  EXPECT_TRUE(two->await_report(1, [](const link_report& now) { return now.bytes_unacknowledged == 0; }));
}

TEST_F(link_test, much_more_than_a_window_flows_when_the_peer_takes_it) {
  connect({.id = 1, .windows = {small_window, small_window}});
  expect_up();
  // One at a time, and as much credit as it takes, so that none is dropped: credit comes back in its own
  // time.
  const std::string packet = "next";
  const auto half = packet.size() * small_window.messages / 2;
  for (std::size_t i = 1; i <= 10 * small_window.messages; ++i) {
    ASSERT_TRUE(
        two->await_report(1, [&](const link_report& now) { return now.bytes_unacknowledged <= half; }));
    two->send(1, packet);
    ASSERT_TRUE(one->consensus().await([&](const inbox& seen) { return seen.packets.size() == i; })) << i;
  }
  EXPECT_EQ(two->report(1).dropped_credit, 0u);
}

// -- refusals

TEST_F(link_test, another_cluster_is_refused) {
  connect({.id = 1, .cluster = "ours"}, {.id = 2, .cluster = "theirs"});
  EXPECT_TRUE(two->await_report(1, [](const link_report& now) { return now.refusals >= 2; }))
      << "it does not go on trying";
  EXPECT_THAT(two->report(1).refusal, HasSubstr("belongs to the cluster \"theirs\", n1 to \"ours\""));
  EXPECT_FALSE(two->report(1).up);
  EXPECT_EQ(one->report(2).sessions, 0u);
}

TEST_F(link_test, an_address_that_leads_to_another_node_is_refused) {
  one = std::make_unique<link_node>(link_node_options{.id = 3, .peers = {{4, 0}}});
  two = std::make_unique<link_node>(link_node_options{.id = 4, .peers = {{1, one->port()}}});
  EXPECT_TRUE(two->await_report(1, [](const link_report& now) { return now.refusals >= 1; }));
  EXPECT_THAT(two->report(1).refusal, HasSubstr("n4 looks for n1, this is n3"));
}

TEST_F(link_test, a_refusal_is_forgotten_once_the_right_node_is_there) {
  const auto port = free_port();
  auto wrong = std::make_unique<link_node>(link_node_options{.id = 3, .port = port, .peers = {{4, 0}}});
  two = std::make_unique<link_node>(link_node_options{.id = 4, .peers = {{1, port}}});
  EXPECT_TRUE(two->await_report(1, [](const link_report& now) { return !now.refusal.empty(); }));
  wrong.reset();
  one = std::make_unique<link_node>(link_node_options{.id = 1, .port = port, .peers = {{4, 0}}});
  ASSERT_TRUE(two->await_up(1));
  EXPECT_EQ(two->report(1).refusal, "");
}

TEST_F(link_test, a_stranger_is_refused) {
  one = std::make_unique<link_node>(link_node_options{.id = 1, .peers = {{2, 0}}});
  two = std::make_unique<link_node>(link_node_options{.id = 5, .peers = {{1, one->port()}}});
  EXPECT_TRUE(two->await_report(1, [](const link_report& now) { return now.refusals >= 1; }));
  EXPECT_THAT(two->report(1).refusal, HasSubstr("n5 is no peer of n1"));
}

TEST_F(link_test, an_address_that_leads_back_is_refused) {
  const auto port = free_port();
  two = std::make_unique<link_node>(link_node_options{.id = 2, .port = port, .peers = {{1, port}}});
  EXPECT_TRUE(two->await_report(1, [](const link_report& now) { return now.refusals >= 1; }));
  EXPECT_THAT(two->report(1).refusal, HasSubstr("leads n2 to itself"));
}

// -- the door

TEST(door_test, a_port_in_use_is_refused_with_a_text) {
  link_node holder{{.id = 1}};
  try {
    link_node second{{.id = 2, .port = holder.port()}};
    FAIL() << "two nodes listen on one port";
  } catch (const std::runtime_error& why) {
    EXPECT_EQ(why.what(),
              "cannot listen on 127.0.0.1:" + std::to_string(holder.port()) + ": Address already in use");
  }
}

TEST(door_test, loopback_is_told_from_other_hosts) {
  for (const char* host : {"127.0.0.1", "127.8.7.6", "localhost", "::1"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host :
       {"", "0.0.0.0", "10.0.0.1", "::", "128.0.0.1", "127.0.0.1.example.org", "example.org"})
    EXPECT_FALSE(is_loopback(host)) << host;
}

}  // namespace
}  // namespace bulwark::test
