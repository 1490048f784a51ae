// SPDX-License-Identifier: BSD-3-Clause
// Goal: what is under way to a service of another node is answered by it or fails, in each way in which the
// service, its name or the way to it may end.
// Method: services of three nodes in virtual time beside a group in memory; a service that answers when the
// test says so.
#include "services_messages.hpp"
#include "services_state.hpp"
#include "virtual_nodes.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

using number_reply = std::shared_ptr<const testkit::reply<std::int32_t>>;

/// Holds what it is asked until it is told to answer, with its own number.
inline caf::behavior slow_service(caf::event_based_actor* self, std::int32_t own) {
  auto held = std::make_shared<std::vector<caf::typed_response_promise<std::int32_t>>>();
  return {[self, held](std::int32_t) -> caf::result<std::int32_t> {
            held->push_back(self->make_response_promise<std::int32_t>());
            return held->back();
          },
          [held, own](caf::ok_atom) {
            for (auto& one : *held) one.deliver(own);
            held->clear();
          }};
}

class services_gates_test : public virtual_nodes {
 protected:
  services_gates_test() : virtual_nodes{[](services_options& options) { options.gate.answer_limit = 30s; }} {
    for (std::uint32_t node = 1; node <= 3; ++node) start_services(node);
    for (std::uint32_t node = 1; node <= 3; ++node) enter(node);
    for (std::uint32_t node = 1; node <= 3; ++node)
      for (std::uint32_t other = node + 1; other <= 3; ++other) meet(node, other);
  }
  /// A slow service of node 2 under the name, and a question of node 1 that is under way to it.
  void be_under_way(const std::string& name = "slow") {
    service = host(slow_service, 22);
    ASSERT_FALSE(names(2).publish(name, service));
    ref = names(1).whereis(name).value();
    world.advance(300ms);
    asked = ask();
    ASSERT_TRUE(asked->pending());
    const auto gate = names(1).state()->find_gate(name).gate;
    ASSERT_TRUE(gate);
    ASSERT_EQ(requests_in_flight(gate), 1u);
  }
  number_reply ask() {
    auto reply = testkit::ask<std::int32_t>(world.system(), ref, std::int32_t{1});
    world.drain();
    return reply;
  }
  void let_answer() {
    caf::anon_send(service, caf::ok_atom_v);
    world.drain();
  }
  /// The services of the node hear nothing any more, and so answer nobody who asks for them.
  void silence(std::uint32_t node) {
    for (std::uint32_t other = 1; other <= 3; ++other)
      if (other != node) names(other).state()->meet(node, mute_);
  }
  static bool has_failed(const number_reply& reply) {
    return reply->error && *reply->error == caf::sec::request_receiver_down;
  }

  caf::actor mute_ = host(
      [](caf::event_based_actor*, int) -> caf::behavior { return {[](const wire::service_wanted&) {}}; }, 0);
  caf::actor service;
  caf::actor ref;
  number_reply asked;
};

TEST_F(services_gates_test, an_answer_comes_through) {
  be_under_way();
  let_answer();
  EXPECT_EQ(asked->value, 22);
}

TEST_F(services_gates_test, what_is_not_answered_in_time_fails) {
  be_under_way();
  world.advance(29s);
  EXPECT_TRUE(asked->pending());
  world.advance(1100ms);
  ASSERT_TRUE(asked->error);
  EXPECT_EQ(*asked->error, caf::sec::request_timeout);
}

TEST_F(services_gates_test, a_service_that_is_published_anew_may_answer_yet) {
  be_under_way();
  ASSERT_FALSE(names(2).publish("slow", service));
  world.advance(500ms);
  EXPECT_TRUE(asked->pending());
  const auto later = ask();
  let_answer();
  EXPECT_EQ(asked->value, 22);
  EXPECT_EQ(later->value, 22);
}

TEST_F(services_gates_test, what_another_service_follows_fails_and_the_other_is_reached) {
  be_under_way();
  const auto before = service;
  service = host(slow_service, 23);
  ASSERT_FALSE(names(2).publish("slow", service));
  world.advance(500ms);
  EXPECT_TRUE(has_failed(asked));
  asked = ask();
  let_answer();
  EXPECT_EQ(asked->value, 23);
  EXPECT_FALSE(is_over(before));
}

TEST_F(services_gates_test, the_end_of_the_service_is_noticed_before_the_group_says_so) {
  be_under_way();
  for (std::uint32_t node = 1; node <= 3; ++node) group.at(node).sees = false;
  kill_now(service);
  world.drain();
  EXPECT_TRUE(has_failed(asked));
  EXPECT_EQ(ref_stats(ref).state, ref_state::holding);
  EXPECT_FALSE(names(1).state()->find_gate("slow").gate);
}

TEST_F(services_gates_test, what_a_service_that_gave_its_name_up_has_got_is_answered_by_it) {
  be_under_way();
  ASSERT_FALSE(names(3).publish("slow", host(numbered_service, 3)));
  names(2).withdraw("slow");
  world.advance(500ms);
  EXPECT_EQ(answer(ref, 5), 305);
  EXPECT_TRUE(asked->pending());
  let_answer();
  EXPECT_EQ(asked->value, 22);
}

TEST_F(services_gates_test, what_a_service_that_gave_its_name_up_does_not_answer_fails_in_time) {
  be_under_way();
  names(2).withdraw("slow");
  world.advance(29s);
  EXPECT_TRUE(asked->pending());
  world.advance(1100ms);
  ASSERT_TRUE(asked->error);
  EXPECT_EQ(*asked->error, caf::sec::request_timeout);
}

TEST_F(services_gates_test, what_a_service_that_gave_its_name_up_has_got_fails_with_its_node) {
  be_under_way();
  names(2).withdraw("slow");
  world.advance(500ms);
  EXPECT_TRUE(asked->pending());
  bring_down(2);
  world.advance(50ms);
  EXPECT_TRUE(has_failed(asked));
}

TEST_F(services_gates_test, what_a_service_that_gave_its_name_up_has_got_fails_with_the_way_to_it) {
  be_under_way();
  names(2).withdraw("slow");
  world.advance(500ms);
  part(1, 3);
  EXPECT_TRUE(asked->pending());
  part(1, 2);
  EXPECT_TRUE(has_failed(asked));
}

TEST_F(services_gates_test, what_a_service_that_gave_its_name_up_has_got_fails_when_services_are_closed) {
  be_under_way();
  names(2).withdraw("slow");
  world.advance(500ms);
  names(1).close();
  world.drain();
  EXPECT_TRUE(has_failed(asked));
}

TEST_F(services_gates_test, a_name_that_another_node_gets_when_its_owner_is_down_fails_what_is_under_way) {
  be_under_way();
  silence(3);
  for (std::uint32_t node = 1; node <= 3; ++node) group.at(node).sees = false;
  bring_down(2);
  group.tell(names::command{names::claim{"slow", {3, 1}, 1}});
  group.at(1).sees = true;
  group.show();
  world.drain();
  EXPECT_TRUE(has_failed(asked));
}

TEST_F(services_gates_test, a_lost_connection_fails_what_is_under_way_at_once) {
  be_under_way();
  caf::anon_send(names(1).envoy(), peer_link_state{2, true});
  world.drain();
  EXPECT_TRUE(asked->pending()) << "it is up";
  part(1, 2);
  EXPECT_TRUE(has_failed(asked));
  EXPECT_EQ(ref_stats(ref).state, ref_state::holding);
  EXPECT_THAT(names(1).state()->peers(), testing::ElementsAre(3u));
  meet(1, 2);
  asked = ask();
  let_answer();
  EXPECT_EQ(asked->value, 22);
}

TEST_F(services_gates_test, another_connection_fails_what_went_by_the_one_before_and_nothing_else) {
  be_under_way();
  const auto other = host(slow_service, 33);
  ASSERT_FALSE(names(3).publish("other", other));
  const auto other_ref = names(1).whereis("other").value();
  world.advance(300ms);
  const auto beside = testkit::ask<std::int32_t>(world.system(), other_ref, std::int32_t{1});
  world.drain();
  meet(1, 2);
  EXPECT_TRUE(has_failed(asked));
  EXPECT_TRUE(beside->pending());
  caf::anon_send(other, caf::ok_atom_v);
  world.drain();
  EXPECT_EQ(beside->value, 33);
}

TEST_F(services_gates_test, what_waits_for_a_restart_fails_if_this_node_serves_the_name_instead) {
  be_under_way();
  silence(2);
  ASSERT_FALSE(names(2).publish("slow", service));
  world.advance(500ms);
  ASSERT_TRUE(asked->pending());
  for (std::uint32_t node = 2; node <= 3; ++node) group.at(node).sees = false;
  ASSERT_FALSE(names(1).publish("slow", host(numbered_service, 1)));
  bring_down(2);
  world.advance(1s);
  EXPECT_TRUE(has_failed(asked));
  EXPECT_EQ(answer(ref, 5), 105);
}

TEST_F(services_gates_test, what_waits_for_a_restart_fails_when_patience_is_over) {
  be_under_way();
  silence(2);
  ASSERT_FALSE(names(2).publish("slow", service));
  world.advance(4900ms);
  EXPECT_TRUE(asked->pending());
  world.advance(200ms);
  EXPECT_TRUE(has_failed(asked));
  EXPECT_TRUE(has_failed(ask()));
}

TEST_F(services_gates_test, what_is_under_way_when_the_actor_ends_fails_and_what_comes_waits_for_the_next) {
  be_under_way();
  silence(2);
  restart_services(1);
  EXPECT_TRUE(has_failed(asked));
  asked = ask();
  EXPECT_TRUE(asked->pending()) << "it is held, as nobody has said yet who serves";
  names(1).state()->meet(2, names(2).envoy());
  world.advance(300ms);
  let_answer();
  EXPECT_EQ(asked->value, 22);
  asked = ask();
  kill_now(service);
  world.drain();
  EXPECT_TRUE(has_failed(asked)) << "the next one has a gate of its own";
}

TEST_F(services_gates_test, closed_services_fail_what_is_under_way_and_take_nothing_more) {
  be_under_way();
  const auto router = names(1).router("pool").value();
  names(1).close();
  world.drain();
  EXPECT_TRUE(has_failed(asked));
  EXPECT_EQ(ref_stats(ref).state, ref_state::closed);
  EXPECT_EQ(ref_stats(names(1).envoy()).state, ref_state::closed);
  EXPECT_TRUE(is_over(router));
  EXPECT_FALSE(names(1).whereis("other"));
  EXPECT_FALSE(names(1).router("other"));
  EXPECT_TRUE(names(1).publish("other", service));
  EXPECT_TRUE(names(1).watch("other", service));
}

TEST_F(services_gates_test, a_gate_that_is_kept_too_late_is_shut) {
  service = host(slow_service, 22);
  const auto gate = make_remote_gate(world.system(), service, {});
  names(1).close();
  names(1).state()->keep_gate("slow", {gate, service.address(), {2, 1}});
  ref = gate;
  EXPECT_TRUE(has_failed(ask()));
}

TEST_F(services_gates_test, only_the_start_that_is_asked_for_is_told) {
  be_under_way();
  const auto start = owner("slow").start;
  auto told = std::make_shared<int>(0);
  const auto envoy = host(
      [](caf::event_based_actor*, std::shared_ptr<int> count) -> caf::behavior {
        return {[count](const wire::service_at&) { ++*count; }};
      },
      told);
  names(2).state()->meet(9, envoy);
  caf::anon_send(names(2).envoy(), wire::service_wanted{9, "slow", start + 1});
  world.drain();
  EXPECT_EQ(*told, 0);
  caf::anon_send(names(2).envoy(), wire::service_wanted{9, "slow", start});
  world.drain();
  EXPECT_EQ(*told, 1);
}

}  // namespace
}  // namespace bulwark::test
