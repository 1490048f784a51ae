// SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever befalls cables, hosts and processes, all nodes go through the same views, no name ever has
// two live owners, and once it is over all is well again. Method: five real nodes in network namespaces; the
// kernel loses the packets; what the nodes tell on one clock is put together and checked.
#include "islands.hpp"

#include <csignal>

namespace bulwark::cluster_test {
namespace {

/// For the group to find a node down, on a busy machine.
constexpr auto found_within = 10s;
/// For names to find new owners, which wait for the lease of the old ones.
constexpr auto moved_within = 15s;

TEST_F(islands, a_partition_in_halves_leaves_the_names_with_the_majority) {
  const std::set<std::uint32_t> minority{leader(), follower()};
  begin("partition, leader and one more against three", minority);
  network().separate({minority.begin(), minority.end()});
  EXPECT_TRUE(await(found_within, [&] { return others_know_down(minority); }));
  EXPECT_TRUE(await(moved_within, [&] { return names_act_outside(minority); }));
  network().heal();
  end();
}

TEST_F(islands, a_node_that_nobody_hears_is_down) {
  const auto mute = follower();
  begin("mute: nobody hears it", {mute});
  for (unsigned other = 1; other <= nodes; ++other)
    if (other != mute) network().cut(mute, other);
  EXPECT_TRUE(await(found_within, [&] { return others_know_down({mute}); }));
  EXPECT_TRUE(await(moved_within, [&] { return names_act_outside({mute}); }));
  network().heal();
  end();
}

TEST_F(islands, a_leader_that_hears_nobody_is_down) {
  const auto deaf = leader();
  begin("deaf leader: it hears nobody", {deaf});
  for (unsigned other = 1; other <= nodes; ++other)
    if (other != deaf) network().cut(other, deaf);
  EXPECT_TRUE(await(found_within, [&] { return others_know_down({deaf}); }));
  EXPECT_TRUE(await(moved_within, [&] { return names_act_outside({deaf}); }));
  network().heal();
  end();
}

TEST_F(islands, a_pair_without_a_cable_ends_nobody) {
  const auto one = follower();
  const auto other = follower({one});
  begin("two followers without a cable between them", {});
  network().cut_both(one, other);
  pass(4s);
  expect_not_ended({1, 2, 3, 4, 5});
  EXPECT_TRUE(await(moved_within, [&] { return names_act_outside({}); })) << "all names have an owner";
  network().heal();
  end();
}

TEST_F(islands, a_leader_without_a_cable_to_a_follower_lets_another_lead) {
  const auto one = follower();
  const auto led = leader();
  begin("no cable between the leader and a follower", {});
  network().cut_both(one, led);
  EXPECT_TRUE(await(found_within, [&] { return leader() != 0 && leader() != led; }));
  EXPECT_TRUE(await(moved_within, [&] { return names_act_outside({}); })) << "all names have an owner";
  expect_not_ended({1, 2, 3, 4, 5});
  network().heal();
  end();
}

TEST_F(islands, a_cable_that_carries_one_way_only_ends_nobody) {
  const auto one = follower();
  begin("one way only between the leader and a follower", {});
  network().cut(one, leader());
  pass(4s);
  EXPECT_TRUE(await(moved_within, [&] { return names_act_outside({}); })) << "all names have an owner";
  expect_not_ended({1, 2, 3, 4, 5});
  network().heal();
  end();
}

TEST_F(islands, a_long_partition_is_forgotten_soon_after_it) {
  const std::set<std::uint32_t> minority{leader(), follower()};
  begin("the same for 12 s, longer than connections last", minority);
  network().separate({minority.begin(), minority.end()});
  pass(12s);
  EXPECT_TRUE(await(found_within, [&] { return others_know_down(minority); }));
  EXPECT_TRUE(await(moved_within, [&] { return names_act_outside(minority); }));
  network().heal();
  end();
}

TEST_F(islands, a_cable_that_was_out_for_long_is_forgotten_soon_after_it) {
  const auto alone = follower();
  begin("cable out for 12 s", {alone});
  network().unplug(alone);
  pass(12s);
  EXPECT_TRUE(await(found_within, [&] { return others_know_down({alone}); }));
  EXPECT_TRUE(await(moved_within, [&] { return names_act_outside({alone}); }));
  network().heal();
  end();
}

TEST_F(islands, a_flapping_cable_confuses_nobody) {
  const auto flapping = follower();
  begin("cable out and in again, every 300 ms and then every 1.2 s", {flapping});
  for (const auto half : {300ms, 300ms, 300ms, 1200ms, 1200ms}) {
    network().unplug(flapping);
    pass(half);
    network().plug(flapping);
    pass(half);
  }
  end();
}

TEST_F(islands, a_slow_node_harms_nobody_else) {
  const auto slow = follower();
  begin("slow: stands still 160 ms of every 200 ms", {slow});
  for (int i = 0; i < 20; ++i) {
    signal(slow, SIGSTOP);
    pass(160ms);
    signal(slow, SIGCONT);
    pass(40ms);
  }
  end();
  auto rest = std::set<std::uint32_t>{1, 2, 3, 4, 5};
  rest.erase(slow);
  expect_not_ended(rest);
}

TEST_F(islands, a_paused_node_finds_its_names_elsewhere) {
  const auto paused = follower();
  begin("paused: its process stands still", {paused});
  signal(paused, SIGSTOP);
  EXPECT_TRUE(await(found_within, [&] { return others_know_down({paused}); }));
  EXPECT_TRUE(await(moved_within, [&] { return names_act_outside({paused}); }));
  signal(paused, SIGCONT);
  end();
}

TEST_F(islands, a_dead_host_is_down_though_nothing_is_reset) {
  const auto dead = leader();
  begin("dead host, of the leader: silence, no reset", {dead});
  network().unplug(dead);
  kill(dead);
  EXPECT_TRUE(await(found_within, [&] { return others_know_down({dead}); }));
  EXPECT_TRUE(await(moved_within, [&] { return names_act_outside({dead}); }));
  network().rebuild(dead);
  start(dead);
  end();
}

TEST_F(islands, a_cluster_whose_nodes_all_die_goes_on_where_it_was) {
  begin("all processes killed and started", {});
  for (unsigned node = 1; node <= nodes; ++node) signal(node, SIGKILL);
  for (unsigned node = 1; node <= nodes; ++node) kill(node);
  for (unsigned node = 1; node <= nodes; ++node) start(node);
  end();
}

}  // namespace
}  // namespace bulwark::cluster_test
