// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <caf/all.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/node_config.hpp"
#include "bulwark/consensus/cluster_node.hpp"
#include "bulwark/testkit/cluster_matchers.hpp"

namespace bulwark::test {

struct services_config : node_config {
  services_config() : node_config{{.threads = 2}} { consensus::add_cluster_messages(*this); }
};

/// One process' worth of a node.
struct node_station {
  explicit node_station(consensus::cluster_node_options options)
      : self{system}, node{std::make_unique<consensus::cluster_node>(system, std::move(options))} {}
  ~node_station() {
    for (const auto& one : guests) kill_now(one);
    node.reset();
  }

  /// As if the process were killed: nothing says goodbye.
  void crash() {
    if (node->children()) kill_now(node->children());
    kill_now(node->supervisor());
    for (const auto& one : guests) kill_now(one);
  }

  /// Spawns what behaves as `make(self, arguments...)` or `make(arguments...)` says. Ended with the station:
  /// an actor that other nodes know would keep its actor system from ending.
  template <class Make, class... Arguments>
  caf::actor host(Make make, Arguments... arguments) {
    // Without arguments CAF looks into an empty pointer to them, which checked builds abort on: hence the
    // bool.
    const auto behave = [make, arguments...](caf::event_based_actor* made, bool) -> caf::behavior {
      if constexpr (std::is_invocable_v<Make, caf::event_based_actor*, Arguments...>)
        return make(made, arguments...);
      else
        return make(arguments...);
    };
    guests.push_back(system.spawn(behave, true));
    return guests.back();
  }

  const services& names() const { return node->services(); }
  /// The reference to a name; throws if there is none to be had.
  caf::actor ref(const std::string& name) const { return names().whereis(name).value(); }

  services_config config;
  caf::actor_system system{config};
  caf::scoped_actor self;
  std::unique_ptr<consensus::cluster_node> node;
  std::vector<caf::actor> guests;
};

/// What came of a request: the answer, or the text of the error.
template <class Answer>
struct outcome_of {
  Answer answer{};
  caf::error problem{};
  bool ok = false;
};

/// Some nodes, each in an actor system of this process, over loopback, with a real replicated group.
class several_nodes : public testing::Test {
 protected:
  /// `adjust` may change the options of each node. Nodes that do not start at once are started by the test,
  /// ascending.
  explicit several_nodes(std::uint32_t count,
                         std::function<void(consensus::cluster_node_options&)> adjust = {},
                         bool start_at_once = true)
      : count_{count}, adjust_{std::move(adjust)} {
    std::filesystem::remove_all(root_);
    if (!start_at_once) return;
    for (std::uint32_t number = 1; number <= count_; ++number) start(number);
  }
  ~several_nodes() override {
    for (auto& one : stations_) one.reset();
    std::filesystem::remove_all(root_);
    EXPECT_THAT(seen, testing::AllOf(testkit::SameViews(), testkit::NeverTwoOwners()));
  }

  void start(std::uint32_t number) {
    consensus::cluster_node_options options;
    options.self = number;
    options.directory = root_ / std::to_string(number);
    options.interval = std::chrono::milliseconds{100};
    // A crash is noticed by the lost connection; a slow machine must not look like one.
    options.timeout = std::chrono::seconds{4};
    options.services.lookup.patience = std::chrono::seconds{60};
    // The higher number dials, so that it alone must know the port of the other.
    options.listen = {"127.0.0.1", ports_[number - 1]};
    for (std::uint32_t other = 1; other <= count_; ++other)
      if (other != number) options.peers[other] = {"127.0.0.1", ports_[other - 1]};
    options.on_verdict = seen.verdicts(number);
    options.on_group = seen.groups(number);
    if (adjust_) adjust_(options);
    stations_[number - 1] = std::make_unique<node_station>(std::move(options));
    ports_[number - 1] = at(number).node->port();
  }
  void stop(std::uint32_t number) { stations_[number - 1].reset(); }
  void crash(std::uint32_t number) {
    at(number).crash();
    stop(number);
  }
  [[nodiscard]] bool has(std::uint32_t number) const { return stations_[number - 1] != nullptr; }
  node_station& at(std::uint32_t number) { return *stations_[number - 1]; }

  /// Looks until it holds; false if it does not within a minute and a half.
  bool await(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{90};
    caf::scoped_actor waiter{waiting_room_};
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      waiter->receive([](caf::ok_atom) {}, caf::after(std::chrono::milliseconds{5}) >> [] {});
    }
    return true;
  }

  /// Asks from a node, and waits for what comes of it.
  template <class Answer, class... Words>
  outcome_of<Answer> ask(std::uint32_t from, const caf::actor& whom, Words... words) {
    outcome_of<Answer> result;
    at(from)
        .self->request(whom, std::chrono::seconds{90}, std::move(words)...)
        .receive(
            [&](Answer what) {
              result.answer = std::move(what);
              result.ok = true;
            },
            [&](caf::error& why) { result.problem = std::move(why); });
    return result;
  }

  /// Who holds a name as a node sees it; token 0 if nobody does.
  name_entry owner(std::uint32_t seen_by, const std::string& name) {
    const auto group = at(seen_by).node->group();
    const auto* entry = group ? group->names().whereis(name) : nullptr;
    return entry ? *entry : name_entry{};
  }

  member_state state_of(std::uint32_t seen_by, std::uint32_t node) {
    const auto group = at(seen_by).node->group();
    const auto* found = group ? group->nodes().find(node) : nullptr;
    return found ? found->state : member_state::removed;
  }

  /// That `what` is so, soon or after a while; the machine may be slow.
  template <class Expected>
  static auto soon(Expected what) {
    return testkit::EventuallySees(std::move(what), std::chrono::seconds{90});
  }

  /// That all nodes see that all of them are up.
  [[nodiscard]] auto all_up() const {
    std::map<std::uint32_t, member_state> members;
    std::vector<std::uint32_t> seen_by;
    for (std::uint32_t number = 1; number <= count_; ++number) {
      members.emplace(number, member_state::up);
      seen_by.push_back(number);
    }
    return soon(testkit::View(members, seen_by));
  }

  testkit::witness seen;  ///< of what the nodes tell; checked at the end of each test

 private:
  const std::uint32_t count_;
  const std::function<void(consensus::cluster_node_options&)> adjust_;
  const std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("bulwark-services-" + std::to_string(::getpid()));
  caf::actor_system_config waiting_config_;
  caf::actor_system waiting_room_{waiting_config_};
  std::vector<std::uint16_t> ports_ = std::vector<std::uint16_t>(count_);
  std::vector<std::unique_ptr<node_station>> stations_ = std::vector<std::unique_ptr<node_station>>(count_);
};

class three_nodes : public several_nodes {
 protected:
  explicit three_nodes(std::function<void(consensus::cluster_node_options&)> adjust = {},
                       bool start_at_once = true)
      : several_nodes{3, std::move(adjust), start_at_once} {}
};

/// Says in each answer which node it is on: 100 * node + the number it was asked with.
inline caf::behavior adding_service(std::int32_t node) {
  return {[node](std::int32_t what) { return 100 * node + what; }};
}

}  // namespace bulwark::test
