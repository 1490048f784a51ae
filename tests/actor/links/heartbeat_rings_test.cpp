// SPDX-License-Identifier: BSD-3-Clause
// Goal: monitors send along the rings of the view that each knows, and judge those alone whom they watch;
// while their views differ and when they change, nobody is suspected who lives.
// Method: twelve monitors in virtual time, whose links are a switchboard that counts the beats and loses
// those of the dead; the views are those of a real membership, given to each node as the test wants.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bulwark/testkit/deterministic_system.hpp>
#include <caf/all.hpp>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/core/random.hpp"
#include "bulwark/actors/last_heard.hpp"
#include "bulwark/actors/link.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/supervision/core/watch_list.hpp"
#include "bulwark/supervision/heartbeat_monitor.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

using node_set = std::set<std::uint32_t>;

constexpr std::uint32_t node_count = 12;
constexpr std::size_t observer_count = 5;

/// What all links carry. The dead neither send nor hear.
struct network {
  std::map<std::uint32_t, caf::actor> monitors;  ///< stable references
  std::map<std::uint32_t, node_set> beats_from;  ///< by whom they were sent to
  std::size_t beats = 0;
  node_set dead;
};

caf::behavior links_of(caf::event_based_actor*, std::uint32_t node, std::shared_ptr<network> net) {
  return {[=](const peer_packet& packet) {
    if (net->dead.contains(node)) return;
    const auto what = decode_heartbeat(packet.bytes);
    if (what && what->kind == heartbeat_kind::beat) {
      ++net->beats;
      net->beats_from[packet.peer].insert(node);
    }
    if (!net->dead.contains(packet.peer))
      caf::anon_send(net->monitors.at(packet.peer), peer_packet{node, packet.channel, packet.bytes});
  }};
}

class heartbeat_rings : public testing::Test {
 protected:
  /// What one node knows and has seen.
  struct node_state {
    std::shared_ptr<const membership> view;
    bool leads = false;
    node_status status = node_status::normal;
    std::shared_ptr<const std::vector<std::uint32_t>> list;
    node_set unwatched;
    std::uint32_t queue = 5;
    std::string serves_at;
    std::map<std::uint32_t, std::string> addresses;
    std::vector<std::pair<std::uint32_t, bool>> unusual;
  };

  heartbeat_rings() {
    for (std::uint32_t node = 1; node <= node_count; ++node) apply(members::join{{node, 1}, "", {}});
    std::vector<std::uint32_t> all(node_count);
    std::iota(all.begin(), all.end(), 1u);
    for (const auto node : all) net->monitors[node] = make_stable_ref(world.system());
    for (const auto node : all) {
      heartbeat_options options{.self = node, .incarnation = 1, .links = {}};
      options.detector.kind = detector_kind::fixed;
      const auto link = keep(world.system().spawn(links_of, node, net));
      for (const auto peer : all)
        if (peer != node) options.links[peer] = link;
      options.started = world.now();
      options.status = [this, node] { return nodes[node].status; };
      options.serves_at = [this, node] { return nodes[node].serves_at; };
      options.load = [this, node] { return vitals{.queue = nodes[node].queue}; };
      options.on_change = [this, node](const peer_change& change) { verdicts.emplace_back(node, change); };
      options.on_serves_at = [this, node](std::uint32_t peer, const std::string& address) {
        nodes[node].addresses[peer] = address;
      };
      options.on_anomaly = [this, node](std::uint32_t peer, const anomaly_change& change) {
        nodes[node].unusual.emplace_back(peer, change.anomalous);
      };
      options.watched = [this, node] { return list_of(node); };
      options.on_watched = [this, node](std::uint32_t peer, bool watched) {
        EXPECT_EQ(nodes[node].unwatched.erase(peer), watched ? 1u : 0u);
        if (!watched) nodes[node].unwatched.insert(peer);
      };
      settings.emplace(node, std::move(options));
    }
  }
  ~heartbeat_rings() override {
    for (const auto& one : actors) kill_now(one);
    world.drain();
  }

  void start() {
    for (const auto& [node, options] : settings) start(node);
    world.drain();
  }
  void start(std::uint32_t node) {
    monitors[node] = keep(spawn_heartbeat_monitor(world.system(), settings.at(node)));
    bind(net->monitors[node], monitors[node]);
  }
  /// All know the present view, and hear each other.
  void start_in_a_view() {
    show();
    start();
    world.advance(2s);
    forget();
  }

  caf::actor keep(caf::actor one) {
    actors.push_back(one);
    return one;
  }
  void apply(const members::command& what) {
    std::vector<membership_change> changes;
    ASSERT_EQ(group.apply(what, changes).error, membership_error::none);
  }
  void show() {
    for (std::uint32_t node = 1; node <= node_count; ++node) show(node, std::make_shared<membership>(group));
  }
  void show(std::uint32_t node, std::shared_ptr<const membership> view) {
    nodes[node].view = std::move(view);
  }

  std::shared_ptr<const std::vector<std::uint32_t>> list_of(std::uint32_t node) {
    auto& [view, leads, status, list, unwatched, queue, serves_at, addresses, unusual] = nodes[node];
    std::vector<std::uint32_t> peers;
    for (std::uint32_t peer = 1; peer <= node_count; ++peer)
      if (peer != node) peers.push_back(peer);
    auto wanted = watched_by({node, 1}, std::move(peers), view.get(), leads);
    if (!list || *list != wanted)
      list = std::make_shared<const std::vector<std::uint32_t>>(std::move(wanted));
    return list;
  }

  void forget() {
    verdicts.clear();
    net->beats_from.clear();
    net->beats = 0;
  }
  void die(std::uint32_t node) { net->dead.insert(node); }
  void link_is(std::uint32_t node, bool up) {
    for (const auto& [other, ref] : net->monitors)
      if (other != node) caf::anon_send(ref, peer_link_state{node, up});
    world.drain();
  }

  /// Nodes whose verdict on the subject became this.
  [[nodiscard]] node_set found(std::uint32_t subject, peer_state to) const {
    node_set by;
    for (const auto& [node, change] : verdicts)
      if (change.peer == subject && change.to == to) by.insert(node);
    return by;
  }
  /// Whom living nodes took for anything but up.
  [[nodiscard]] node_set missed() const {
    node_set whom;
    for (const auto& [node, change] : verdicts)
      if (change.to != peer_state::up && !net->dead.contains(node)) whom.insert(change.peer);
    return whom;
  }
  [[nodiscard]] node_set observers_of(std::uint32_t node) const {
    const auto observers = group.observers_of(node);
    return {observers.begin(), observers.end()};
  }
  /// One that does not watch the subject.
  [[nodiscard]] std::uint32_t bystander_of(std::uint32_t subject) const {
    for (std::uint32_t node = 1; node <= node_count; ++node)
      if (node != subject && group.find(node)->is_live() && !observers_of(subject).contains(node))
        return node;
    return 0;
  }
  peer_entry seen(std::uint32_t by, std::uint32_t peer) {
    caf::scoped_actor self{world.system()};
    self->send(monitors[by], get_peers{});
    world.drain();
    peer_entry entry;
    self->receive(
        [&](peer_table& table) {
          for (auto& one : table.peers)
            if (one.peer == peer) entry = std::move(one);
        },
        caf::after(std::chrono::seconds{0}) >> [] { ADD_FAILURE() << "no answer"; });
    return entry;
  }

  testkit::deterministic_system world{
      [](caf::actor_system_config& config) { add_heartbeat_messages(config); }};
  membership group;
  std::shared_ptr<network> net = std::make_shared<network>();
  std::map<std::uint32_t, node_state> nodes;
  std::map<std::uint32_t, caf::actor> monitors;
  std::map<std::uint32_t, heartbeat_options> settings;
  std::vector<std::pair<std::uint32_t, peer_change>> verdicts;  ///< and whose they are
  std::vector<caf::actor> actors;
};

TEST_F(heartbeat_rings, cost_each_node_one_beat_of_each_observer) {
  start_in_a_view();
  world.advance(1s);
  EXPECT_EQ(net->beats, 10 * node_count * observer_count);
  for (std::uint32_t node = 1; node <= node_count; ++node) {
    EXPECT_EQ(net->beats_from[node], observers_of(node)) << "to n" << node;
    for (const auto observer : observers_of(node)) EXPECT_EQ(seen(observer, node).state, "up");
    for (std::uint32_t other = 1; other <= node_count; ++other)
      EXPECT_EQ(nodes[other].unwatched.contains(node), other != node && !observers_of(node).contains(other))
          << "n" << node << " by n" << other;
  }
}

TEST_F(heartbeat_rings, are_not_used_before_there_is_a_view) {
  start();
  world.advance(1s);
  forget();
  world.advance(1s);
  EXPECT_EQ(net->beats, 10 * node_count * (node_count - 1));
  EXPECT_EQ(seen(1, bystander_of(1)).state, "up");
}

TEST_F(heartbeat_rings, do_not_keep_a_leader_from_watching_all) {
  nodes[4].leads = true;
  start_in_a_view();
  world.advance(1s);
  for (std::uint32_t node = 1; node <= node_count; ++node) {
    if (node == 4) continue;
    EXPECT_EQ(seen(4, node).state, "up");
    EXPECT_TRUE(net->beats_from[node].contains(4));
  }
  EXPECT_EQ(net->beats_from[4], observers_of(4));
  nodes[4].leads = false;
  world.advance(200ms);
  forget();
  world.advance(1s);
  EXPECT_EQ(net->beats, 10 * node_count * observer_count);
}

TEST_F(heartbeat_rings, let_observers_alone_find_who_is_silent) {
  start_in_a_view();
  die(7);
  world.advance(10s);
  EXPECT_EQ(found(7, peer_state::suspect), observers_of(7));
  EXPECT_THAT(missed(), ElementsAre(7u));
}

TEST_F(heartbeat_rings, let_observers_alone_judge_by_a_lost_connection) {
  start_in_a_view();
  die(7);
  link_is(7, false);
  EXPECT_EQ(found(7, peer_state::down), observers_of(7)) << "at once";
  EXPECT_EQ(seen(bystander_of(7), 7).state, "unconnected");
  EXPECT_EQ(seen(*observers_of(7).begin(), 7).state, "down");
  world.advance(10s);
  EXPECT_THAT(missed(), ElementsAre(7u));
  EXPECT_THAT(found(7, peer_state::suspect), IsEmpty()) << "that says it all";
  net->dead.clear();
  link_is(7, true);
  EXPECT_EQ(found(7, peer_state::up), observers_of(7));
  EXPECT_EQ(seen(bystander_of(7), 7).state, "connected");
}

TEST_F(heartbeat_rings, of_a_new_view_are_watched_from_its_first_round_on_and_those_before_forgotten) {
  start_in_a_view();
  std::map<std::uint32_t, node_set> before;
  for (std::uint32_t node = 1; node <= node_count; ++node) before[node] = observers_of(node);
  apply(members::leave{{7, 1}});
  die(7);
  show();
  world.advance(100ms);
  forget();
  world.advance(10s);
  EXPECT_THAT(missed(), IsEmpty()) << "the one that left is watched by nobody";
  EXPECT_THAT(net->beats_from[7], IsEmpty());
  bool has_changed = false;
  for (std::uint32_t node = 1; node <= node_count; ++node) {
    if (node == 7) continue;
    EXPECT_EQ(net->beats_from[node], observers_of(node));
    for (const auto observer : observers_of(node)) {
      EXPECT_EQ(seen(observer, node).state, "up");
      EXPECT_FALSE(nodes[observer].unwatched.contains(node));
      has_changed = has_changed || !before[node].contains(observer);
    }
  }
  EXPECT_TRUE(has_changed) << "or this test shows nothing";
}

TEST_F(heartbeat_rings, of_nodes_with_different_views_make_nobody_suspect) {
  std::vector<std::shared_ptr<const membership>> history{nullptr, std::make_shared<membership>(group)};
  for (const std::uint32_t gone : {7, 2, 9}) {
    apply(members::leave{{gone, 1}});
    history.push_back(std::make_shared<membership>(group));
  }
  for (const std::uint32_t back : {2, 7, 9}) {
    apply(members::join{{back, 2}, "", {}});
    history.push_back(std::make_shared<membership>(group));
  }
  start_in_a_view();
  for (const std::uint64_t seed : {1, 2, 3}) {
    random_stream random{seed};
    for (int i = 0; i < 60; ++i) {
      for (std::uint32_t node = 1; node <= node_count; ++node)
        if (random.below(4) == 0) show(node, history[random.below(history.size())]);
      world.advance(std::chrono::milliseconds{50 + random.below(700)});
    }
    EXPECT_THAT(missed(), IsEmpty()) << "seed " << seed;
  }
}

TEST_F(heartbeat_rings, forget_what_was_heard_of_one_that_is_watched_again) {
  const auto observer = *observers_of(7).begin();
  const auto link_heard = settings.at(observer).heard[7] = std::make_shared<last_heard>();
  start_in_a_view();
  const auto with_seven = nodes[observer].view;
  auto without = std::make_shared<membership>(group);
  std::vector<membership_change> changes;
  without->apply(members::leave{{7, 1}}, changes);
  show(observer, without);
  world.advance(10s);
  show(observer, with_seven);
  world.advance(10s);
  EXPECT_THAT(missed(), IsEmpty()) << "the 10 s do not count as silence";
  EXPECT_EQ(seen(observer, 7).state, "up");
  show(observer, without);
  world.advance(1s);
  die(7);
  world.advance(10s);
  EXPECT_FALSE(found(7, peer_state::suspect).contains(observer)) << "it did not watch";
  forget();
  link_heard->set(world.now() - 100ms);
  show(observer, with_seven);
  world.advance(500ms);
  EXPECT_FALSE(nodes[observer].unwatched.contains(7));
  EXPECT_FALSE(found(7, peer_state::suspect).contains(observer));
  world.advance(110ms);
  EXPECT_TRUE(found(7, peer_state::suspect).contains(observer)) << "T_interval + T_timeout after it began";
  EXPECT_FALSE(found(7, peer_state::up).contains(observer)) << "what its link heard before does not count";
}

TEST_F(heartbeat_rings, do_not_keep_news_from_anybody) {
  start_in_a_view();
  nodes[3].serves_at = "127.0.0.1:6379";
  nodes[3].status = node_status::draining;
  world.advance(100ms);
  for (std::uint32_t node = 1; node <= node_count; ++node) {
    if (node == 3) continue;
    EXPECT_EQ(nodes[node].addresses[3], "127.0.0.1:6379") << "at n" << node;
    EXPECT_EQ(seen(node, 3).status, "draining");
  }
  forget();
  world.advance(1s);
  EXPECT_EQ(net->beats, 10 * node_count * observer_count) << "news are told once";
}

TEST_F(heartbeat_rings, are_known_to_a_monitor_that_starts_again) {
  start_in_a_view();
  kill_now(monitors[7]);
  nodes[7].unwatched.clear();
  start(7);
  world.advance(200ms);
  forget();
  world.advance(1s);
  EXPECT_EQ(net->beats, 10 * node_count * observer_count);
  for (std::uint32_t node = 1; node <= node_count; ++node) {
    if (node == 7) continue;
    EXPECT_EQ(seen(7, node).state, observers_of(node).contains(7) ? "up" : "connected");
    EXPECT_EQ(seen(7, node).incarnation, 1u) << "it has asked all";
  }
  EXPECT_THAT(missed(), IsEmpty());
}

TEST_F(heartbeat_rings, let_observers_alone_find_who_behaves_unusually_until_they_watch_it_no_longer) {
  start_in_a_view();
  world.advance(10s);
  nodes[7].queue = 5000;
  world.advance(1s);
  const std::pair alarm{7u, true}, all_clear{7u, false};
  for (std::uint32_t node = 1; node <= node_count; ++node) {
    if (observers_of(7).contains(node))
      EXPECT_THAT(nodes[node].unusual, ElementsAre(alarm)) << "by n" << node;
    else
      EXPECT_THAT(nodes[node].unusual, IsEmpty()) << "by n" << node;
  }
  const auto observers = observers_of(7);
  apply(members::leave{{7, 1}});
  show();
  world.advance(10s);
  for (const auto node : observers) {
    EXPECT_THAT(nodes[node].unusual, ElementsAre(alarm, all_clear));
    EXPECT_EQ(seen(node, 7).anomaly, 0);
    EXPECT_EQ(seen(node, 7).state, "connected");
  }
}

TEST_F(heartbeat_rings, let_nobody_learn_what_is_usual_of_one_that_it_does_not_watch) {
  start_in_a_view();
  heartbeat answer{heartbeat_kind::ack, node_status::normal, 7, 1, 1, 1, 1, {}, {}};
  for (int i = 0; i < 110; ++i) {
    answer.uptime_ms += 100;
    answer.load.queue = i < 100 ? 5 : 5000;
    caf::anon_send(monitors[bystander_of(7)], peer_packet{7, heartbeat_channel, encode(answer)});
    world.advance(100ms);
  }
  EXPECT_THAT(nodes[bystander_of(7)].unusual, IsEmpty());
  EXPECT_EQ(seen(bystander_of(7), 7).anomaly, 0);
}

}  // namespace
}  // namespace bulwark::test
