// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <caf/all.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bulwark/actors/link.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/supervision/group_port.hpp"
#include "bulwark/supervision/messages.hpp"
#include "bulwark/supervision/services.hpp"
#include "bulwark/testkit/deterministic_system.hpp"
#include "bulwark/testkit/reply.hpp"

namespace bulwark::test {

/// A group in the memory of the test. What a node orders takes effect and is answered at once, and all nodes
/// see it, unless the test says otherwise.
class group_in_memory {
 public:
  /// What one node has of the group.
  struct seat {
    node_life life;
    bool is_heard = true;     ///< else what it says is lost
    bool is_answered = true;  ///< else answers wait until the test lets them come
    bool is_refused = false;  ///< each question and order is answered by an error
    bool sees = true;         ///< what the group decides
    std::shared_ptr<const membership_group> seen{};
    std::function<void()> look{};
    std::vector<std::function<void()>> waiting{};
  };
  template <class What>
  struct said {
    std::uint32_t node = 0;
    What what;
    instant at{};
  };

  explicit group_in_memory(testkit::deterministic_system& world) : world_{world} {
    for (std::uint32_t node = 1; node <= 3; ++node) seats_[node].life = {node, 1};
  }

  seat& at(std::uint32_t node) { return seats_.at(node); }
  [[nodiscard]] const membership_group& now() const { return group_; }

  group_result tell(const group_command& what) {
    group_changes changes;
    auto result = group_.apply(what, changes);
    show();
    return result;
  }
  void show() {
    const auto state = std::make_shared<const membership_group>(group_);
    for (auto& [node, one] : seats_) {
      if (!one.sees) continue;
      one.seen = state;
      if (one.look) one.look();
    }
  }

  void take(std::uint32_t node, const group_command& what,
            caf::typed_response_promise<group_answer> promise) {
    auto& from = at(node);
    if (from.is_refused) return static_cast<void>(promise.deliver(caf::make_error(caf::sec::runtime_error)));
    if (!from.is_heard) return;
    orders.push_back({node, what, world_.now()});
    answer(from, std::move(promise), group_answer{tell(what)});
  }
  void take(std::uint32_t node, const token_question& what,
            caf::typed_response_promise<token_holds> promise) {
    auto& from = at(node);
    if (from.is_refused) return static_cast<void>(promise.deliver(caf::make_error(caf::sec::runtime_error)));
    if (!from.is_heard) return;
    questions.push_back({node, what, world_.now()});
    const bool yes = group_.names().check(what.name, what.token) == registry_error::none;
    answer(from, std::move(promise), token_holds{yes});
  }
  /// What waits; to be called in the turn of the speaker, whose answers these are.
  void answer_now(std::uint32_t node) {
    for (const auto& one : std::exchange(at(node).waiting, {})) one();
  }

  /// The orders of this kind and node so far.
  template <class What, class Kind>
  std::vector<said<What>> orders_of(std::uint32_t node) const {
    std::vector<said<What>> found;
    for (const auto& one : orders)
      if (const auto* kind = std::get_if<Kind>(&one.what); kind && one.node == node)
        if (const auto* what = std::get_if<What>(kind)) found.push_back({node, *what, one.at});
    return found;
  }
  std::vector<said<names::claim>> claims_of(std::uint32_t node) const {
    return orders_of<names::claim, names::command>(node);
  }
  std::vector<said<names::release>> releases_of(std::uint32_t node) const {
    return orders_of<names::release, names::command>(node);
  }

  std::vector<said<group_command>> orders;  ///< that the group heard
  std::vector<said<token_question>> questions;

 private:
  template <class Promise, class Answer>
  static void answer(seat& to, Promise promise, Answer what) {
    auto say = [promise, what]() mutable { promise.deliver(what); };
    if (to.is_answered)
      say();
    else
      to.waiting.emplace_back(std::move(say));
  }

  testkit::deterministic_system& world_;
  membership_group group_;
  std::map<std::uint32_t, seat> seats_;
};

/// Says to the group what a node orders and asks.
inline caf::behavior speaker_in_memory(caf::event_based_actor* self, group_in_memory* group,
                                       std::uint32_t node) {
  return {[=](const group_order& order) -> caf::result<group_answer> {
            auto promise = self->make_response_promise<group_answer>();
            group->take(node, order.what, promise);
            return promise;
          },
          [=](const token_question& question) -> caf::result<token_holds> {
            auto promise = self->make_response_promise<token_holds>();
            group->take(node, question, promise);
            return promise;
          },
          [=](caf::ok_atom) { group->answer_now(node); }};
}

/// The services of three nodes in one deterministic system, beside a group in memory. The envoys of the nodes
/// know each other; nothing is lost between them unless the test says so.
class virtual_nodes : public testing::Test {
 protected:
  explicit virtual_nodes(const std::function<void(services_options&)>& adjust = {}) {
    for (std::uint32_t node = 1; node <= 3; ++node) {
      auto& seat = group.at(node);
      speakers_.push_back(world.system().spawn(speaker_in_memory, &group, node));
      services_options options;
      options.self = node;
      options.group = {[&seat] { return seat.seen; }, [&seat] { return seat.life; }, speakers_.back()};
      if (adjust) adjust(options);
      names_.emplace_back(world.system(), std::move(options));
      seat.look = [where = names_.back()] { where.look(); };
    }
  }
  ~virtual_nodes() override {
    for (auto& [name, root] : roots_) caf::anon_send_exit(root, caf::exit_reason::user_shutdown);
    roots_.clear();
    world.advance(std::chrono::minutes{1});
    for (const auto& one : names_) one.close();
    for (const auto& one : guests_) kill_now(one);
    for (const auto& one : speakers_) kill_now(one);
    for (std::uint32_t node = 1; node <= 3; ++node) group.at(node).waiting.clear();
    world.drain();
    EXPECT_EQ(world.system().registry().running(), 0u) << "actors were left behind";
  }

  const services& names(std::uint32_t node) const { return names_.at(node - 1); }

  /// The group's answers to the node come now, all that waited.
  void let_answers_come(std::uint32_t node) {
    caf::anon_send(speakers_.at(node - 1), caf::ok_atom_v);
    world.drain();
  }

  /// The node is a member from now on.
  void enter(std::uint32_t node, std::vector<std::string> roles = {}) {
    const auto life = group.at(node).life;
    group.tell(members::command{members::join{life, "127.0.0.1:20001", std::move(roles)}});
    group.tell(members::command{members::ready{life}});
  }
  void bring_down(std::uint32_t node) { group.tell(members::command{members::leave{group.at(node).life}}); }

  /// A root of this name with these children. One of the name "services" is what starts_services() makes.
  const caf::actor& start(const std::string& name, std::vector<child> children) {
    supervisor_options options;
    options.children = std::move(children);
    options.flags.intensity = 100;
    auto& root = roots_[name] = spawn_supervisor(world.system(), std::move(options));
    world.drain();
    return root;
  }
  void start_services(std::uint32_t node) {
    start("services " + std::to_string(node), {names(node).as_child()});
  }
  /// The actor that does the work of the services ends, and another takes over.
  void restart_services(std::uint32_t node) {
    const auto killed = testkit::ask<kill_result>(
        world.system(), roots_.at("services " + std::to_string(node)), kill_child{"services", ""});
    world.advance(std::chrono::milliseconds{100});
    ASSERT_TRUE(killed->value && killed->value->error.empty());
  }
  void forget_root(const std::string& name) { roots_.erase(name); }
  void meet(std::uint32_t one, std::uint32_t other) {
    caf::anon_send(names(one).envoy(), peer_introduced{other, 1, names(other).envoy()});
    caf::anon_send(names(other).envoy(), peer_introduced{one, 1, names(one).envoy()});
    world.drain();
  }
  void part(std::uint32_t one, std::uint32_t other) {
    caf::anon_send(names(one).envoy(), peer_link_state{other, false});
    caf::anon_send(names(other).envoy(), peer_link_state{one, false});
    world.drain();
  }

  /// An actor that is ended with the test.
  template <class... Arguments>
  caf::actor host(Arguments&&... arguments) {
    guests_.push_back(world.system().spawn(std::forward<Arguments>(arguments)...));
    return guests_.back();
  }

  /// What comes back for a number; 0 for an error, -1 if nothing came.
  std::int32_t answer(const caf::actor& whom, std::int32_t number, duration patience = {}) {
    const auto reply = testkit::ask<std::int32_t>(world.system(), whom, number);
    world.advance(patience);
    return reply->pending() ? -1 : reply->value.value_or(0);
  }
  std::int32_t answer(std::uint32_t from, const std::string& name, std::int32_t number) {
    return answer(names(from).whereis(name).value(), number, std::chrono::milliseconds{500});
  }

  /// Who holds a name; token 0 if nobody does.
  name_entry owner(const std::string& name) const {
    const auto* entry = group.now().names().whereis(name);
    return entry ? *entry : name_entry{};
  }
  static bool is_over(const caf::actor& whom) {
    return caf::actor_cast<caf::abstract_actor*>(whom)->getf(caf::abstract_actor::is_terminated_flag);
  }

  testkit::deterministic_system world{
      [](caf::actor_system_config& config) { add_services_messages(config); }};
  group_in_memory group{world};

 private:
  std::vector<caf::actor> speakers_;
  std::vector<services> names_;
  std::map<std::string, caf::actor> roots_;
  std::vector<caf::actor> guests_;
};

/// Says in each answer which node it is on: 100 * node + the number it was asked with.
inline caf::behavior numbered_service(caf::event_based_actor*, std::int32_t node) {
  return {[node](std::int32_t what) { return 100 * node + what; }};
}

}  // namespace bulwark::test
