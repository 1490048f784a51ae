// SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever is lost, comes late or ends meanwhile, in the end each reference is bound to the one who
// holds the name, no reference is ever bound to an earlier life or start, and names of what is gone are free.
// Method: random worlds of three nodes with the real cores beside a stand-in log that loses commands and lets
// nodes lag behind; each failure names its seed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>

#include "bulwark/supervision/core/service_claims.hpp"
#include "bulwark/supervision/core/service_lookup.hpp"
#include "services_fixture.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> service_names{"a", "b", "c"};

class random_cluster {
 public:
  explicit random_cluster(std::uint32_t seed) : random_{seed} {
    for (std::uint32_t node = 1; node <= 3; ++node) {
      nodes_.try_emplace(node).first->second.life = {node, 1};
      see(node);
      for (const auto& name : service_names) seek(node, finding::wanted{name});
    }
    for (std::uint32_t node = 1; node <= 3; ++node) meet_all(node);
  }

  void happen() {
    world_.now += 20ms;
    const auto node = 1 + draw(3);
    const auto& name = service_names[draw(3)];
    switch (draw(12)) {
      case 0: return serve(node, name);
      case 1: return end(node, name);
      case 2: return withdraw(node, name);
      case 3: return cut(node, 1 + draw(3));
      case 4: return meet_all(node);
      case 5: return chance(0.3) ? lose_life(node) : void();
      case 6: return lose_bound(node, name);
      default: return see(node);
    }
  }

  /// All goes well from now on.
  void calm_down() {
    loss_ = 0;
    for (std::uint32_t node = 1; node <= 3; ++node) meet_all(node);
    for (int i = 0; i < 2000; ++i) {
      world_.now += 20ms;
      for (std::uint32_t node = 1; node <= 3; ++node) see(node);
    }
  }

  void expect_agreement() {
    for (const auto& name : service_names) {
      const auto* entry = world_.group.names().whereis(name);
      std::size_t serving = 0;
      for (auto& [number, one] : nodes_) serving += one.serving.contains(name) ? 1 : 0;
      EXPECT_EQ(entry != nullptr, serving > 0) << name << ": held if, and only if, somebody serves it";
      if (!entry) continue;
      EXPECT_TRUE(nodes_.at(entry->owner.node).serving.contains(name)) << name;
      for (auto& [number, one] : nodes_) EXPECT_EQ(one.lookup.bound_to(name), entry->token) << name << number;
    }
  }

 private:
  struct node_state {
    node_life life;
    std::shared_ptr<const membership_group> seen;
    service_claims claims{claim_options{}};
    service_lookup lookup{lookup_options{}};
    std::map<std::string, std::uint64_t> serving;
    std::set<std::uint32_t> met;
  };

  std::uint32_t draw(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
  bool chance(double p) { return static_cast<double>(random_() % 1000) < 1000 * p; }

  /// The node sees the log as it is now, and does what is due.
  void see(std::uint32_t number) {
    auto& node = nodes_.at(number);
    node.seen = std::make_shared<const membership_group>(world_.group);
    const auto* self = node.seen->nodes().find(number);
    if (self && !self->is_live()) {
      node.life.incarnation = self->life.incarnation + 1;
      world_.enter(node.life);
    }
    claim(number, publishing::looked{});
    seek(number, finding::looked{});
  }

  void claim(std::uint32_t number, const publishing::event& what) {
    auto& node = nodes_.at(number);
    std::vector<publishing::effect> effects;
    node.claims.step(what, node.life, node.seen.get(), world_.now, effects);
    for (const auto& one : effects)
      if (!chance(loss_))
        std::visit([this](const auto& command) { world_.tell(names::command{command}); }, one);
  }

  void seek(std::uint32_t number, const finding::event& what) {
    auto& node = nodes_.at(number);
    std::vector<finding::effect> effects;
    node.lookup.step(what, node.life, node.seen.get(), world_.now, effects);
    for (const auto& one : effects) {
      if (const auto* ask = std::get_if<finding::ask>(&one); ask && !chance(loss_)) answer(number, *ask);
      if (const auto* bound = std::get_if<finding::bind_there>(&one)) expect_right(number, *bound);
    }
  }

  /// The peer answers as the actor does: what it serves right now, in its present life.
  void answer(std::uint32_t asker, const finding::ask& question) {
    const auto& peer = nodes_.at(question.node);
    const auto found = peer.serving.find(question.name);
    if (!peer.met.contains(asker) || found == peer.serving.end() || found->second != question.start) return;
    seek(asker, finding::answered{question.name, peer.life, question.start});
  }

  void expect_right(std::uint32_t number, const finding::bind_there& bound) {
    const auto* entry = nodes_.at(number).seen->names().whereis(bound.name);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->token, bound.token);
    EXPECT_EQ(entry->owner, nodes_.at(bound.node).life) << "bound to an earlier life";
    EXPECT_EQ(entry->start, nodes_.at(bound.node).serving.at(bound.name));
  }

  void serve(std::uint32_t number, const std::string& name) {
    nodes_.at(number).serving[name] = ++starts_;
    claim(number, publishing::served{name, starts_});
    seek(number, finding::serves_here{name, starts_});
  }
  void end(std::uint32_t number, const std::string& name) {
    auto& node = nodes_.at(number);
    const auto found = node.serving.find(name);
    if (found == node.serving.end()) return;
    const auto start = found->second;
    node.serving.erase(found);
    claim(number, publishing::ended{name, start});
    seek(number, finding::serves_here{name, 0});
    for (auto& [other, one] : nodes_)
      if (other != number) lose_bound(other, name);
  }
  void withdraw(std::uint32_t number, const std::string& name) {
    if (nodes_.at(number).serving.erase(name) == 0) return;
    claim(number, publishing::withdrawn{name});
    seek(number, finding::serves_here{name, 0});
  }
  void lose_bound(std::uint32_t number, const std::string& name) {
    if (const auto token = nodes_.at(number).lookup.bound_to(name)) seek(number, finding::lost{name, token});
  }
  void cut(std::uint32_t one, std::uint32_t other) {
    if (one == other) return;
    nodes_.at(one).met.erase(other);
    nodes_.at(other).met.erase(one);
    seek(one, finding::peer_lost{other});
    seek(other, finding::peer_lost{one});
  }
  void meet_all(std::uint32_t number) {
    for (std::uint32_t other = 1; other <= 3; ++other) {
      if (other == number) continue;
      nodes_.at(number).met.insert(other);
      nodes_.at(other).met.insert(number);
      seek(number, finding::peer_met{other});
      seek(other, finding::peer_met{number});
    }
  }
  void lose_life(std::uint32_t number) { world_.bring_down(nodes_.at(number).life); }

  std::mt19937 random_;
  services_world world_;
  std::map<std::uint32_t, node_state> nodes_;
  std::uint64_t starts_ = 0;
  double loss_ = 0.3;
};

TEST(services_model, in_the_end_each_reference_is_bound_to_the_one_who_holds_the_name) {
  for (std::uint32_t seed = 1; seed <= 60 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_cluster cluster{seed};
    for (int i = 0; i < 600; ++i) cluster.happen();
    cluster.calm_down();
    cluster.expect_agreement();
  }
}

}  // namespace
}  // namespace bulwark::test
