// SPDX-License-Identifier: BSD-3-Clause
// Goal: what a user asked by a reference, and the fence of another node refused, is asked again of whoever
// serves the name next: once, and only as long as it may wait. What the service itself says is never taken
// for a refusal.
// Method: services of three nodes in virtual time beside a group in memory; the node that asks does not see
// what the group decides until the test says so.
#include "bulwark/actors/service_fence.hpp"
#include "bulwark/actors/unhandled_request.hpp"
#include "services_state.hpp"
#include "virtual_nodes.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

using number_reply = std::shared_ptr<const testkit::reply<std::int32_t>>;

class services_asked_again_test : public virtual_nodes {
 protected:
  services_asked_again_test()
      : virtual_nodes{[](services_options& options) { options.gate.answer_limit = 30s; }} {
    for (std::uint32_t node = 1; node <= 3; ++node) start_services(node);
    for (std::uint32_t node = 1; node <= 3; ++node) enter(node);
    for (std::uint32_t node = 1; node <= 3; ++node)
      for (std::uint32_t other = node + 1; other <= 3; ++other) meet(node, other);
  }
  /// Node 2 serves the name, which node 1 knows; then its life is over, which node 1 does not know.
  void be_over_unseen(const std::string& name) {
    ASSERT_FALSE(names(2).publish(name, host(numbered_service, 2)));
    ref = names(1).whereis(name).value();
    EXPECT_EQ(answer(ref, 5, 300ms), 205);
    group.at(1).sees = false;
    bring_down(2);
    world.advance(100ms);
  }
  void see_again() {
    group.at(1).sees = true;
    group.show();
    world.advance(300ms);
  }
  number_reply ask(const caf::actor& whom, std::int32_t word = 5) {
    auto reply = testkit::ask<std::int32_t>(world.system(), whom, word);
    world.advance(20ms);
    return reply;
  }
  static bool is_fenced(const number_reply& reply) {
    return reply->error && *reply->error == service_error::fenced;
  }

  caf::actor ref;
};

TEST_F(services_asked_again_test, what_was_refused_is_answered_by_the_next_owner) {
  be_over_unseen("a");
  const auto first = ask(ref, 5), second = ask(ref, 6);
  EXPECT_EQ(names(2).fenced(), 2u);
  EXPECT_TRUE(first->pending());
  ASSERT_FALSE(names(3).publish("a", host(numbered_service, 3)));
  see_again();
  EXPECT_EQ(first->value, 305);
  EXPECT_EQ(second->value, 306);
  EXPECT_EQ(names(2).fenced(), 2u) << "each was refused once";
}

TEST_F(services_asked_again_test, a_service_of_the_same_node_may_be_the_next_owner) {
  be_over_unseen("a");
  const auto asked = ask(ref);
  ASSERT_FALSE(names(1).publish("a", host(numbered_service, 1)));
  see_again();
  EXPECT_EQ(asked->value, 105);
}

TEST_F(services_asked_again_test, if_nobody_comes_to_serve_the_name_the_refusal_stands) {
  be_over_unseen("a");
  const auto asked = ask(ref);
  see_again();
  world.advance(4s);
  EXPECT_TRUE(asked->pending());
  world.advance(1s);
  EXPECT_TRUE(is_fenced(asked));
}

TEST_F(services_asked_again_test, if_its_time_is_up_the_refusal_stands) {
  be_over_unseen("a");
  const auto asked = ask(ref);
  world.advance(29s);
  EXPECT_TRUE(asked->pending());
  world.advance(1100ms);
  EXPECT_TRUE(is_fenced(asked));
  ASSERT_FALSE(names(3).publish("a", host(numbered_service, 3)));
  see_again();
  EXPECT_TRUE(is_fenced(asked));
}

TEST_F(services_asked_again_test, the_end_of_the_services_answers_what_waits) {
  be_over_unseen("a");
  const auto asked = ask(ref);
  names(1).close();
  world.drain();
  EXPECT_TRUE(is_fenced(asked));
}

TEST_F(services_asked_again_test, an_actor_that_takes_over_goes_on_with_what_was_refused) {
  be_over_unseen("a");
  const auto asked = ask(ref);
  group.at(1).sees = true;
  group.show();
  restart_services(1);
  EXPECT_TRUE(asked->pending());
  ASSERT_FALSE(names(3).publish("a", host(numbered_service, 3)));
  world.advance(1s);
  EXPECT_EQ(asked->value, 305);
}

TEST_F(services_asked_again_test, a_refusal_that_the_service_passes_on_from_another_is_its_answer) {
  auto times = std::make_shared<int>(0);
  const auto relay = host(
      [](caf::event_based_actor*, std::shared_ptr<int> count) -> caf::behavior {
        return {[count](std::int32_t) -> caf::result<std::int32_t> {
          ++*count;
          return service_error::fenced;
        }};
      },
      times);
  ASSERT_FALSE(names(2).publish("a", relay));
  ref = names(1).whereis("a").value();
  world.advance(300ms);
  const auto asked = ask(ref);
  EXPECT_TRUE(is_fenced(asked)) << "it was handled";
  names(2).withdraw("a");
  ASSERT_FALSE(names(3).publish("a", host(numbered_service, 3)));
  world.advance(2s);
  EXPECT_EQ(*times, 1);
}

TEST_F(services_asked_again_test, a_router_decides_by_itself_what_becomes_of_it) {
  ASSERT_FALSE(names(2).publish("a/2", host(numbered_service, 2)));
  const auto router = names(1).router("a").value();
  world.advance(300ms);
  EXPECT_EQ(answer(router, 5), 205);
  group.at(1).sees = false;
  bring_down(2);
  world.advance(100ms);
  EXPECT_TRUE(is_fenced(ask(router)));
}

TEST_F(services_asked_again_test, what_is_refused_twice_is_not_asked_a_third_time) {
  const auto fence = make_service_fence(world.system(), host(numbered_service, 2));
  fence_off(fence);
  std::vector<unhandled_request> refused;
  const auto gate = make_remote_gate(world.system(), fence, {},
                                     [&](unhandled_request one) { refused.push_back(std::move(one)); });
  const auto asked = ask(gate);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_TRUE(asked->pending());
  ask_again(gate, std::move(refused.front()));
  world.drain();
  EXPECT_EQ(refused.size(), 1u);
  EXPECT_TRUE(is_fenced(asked));
  EXPECT_EQ(refused_by(fence), 2u);
  shut(gate);
  end_fence(fence);
}

TEST_F(services_asked_again_test, a_fence_that_is_up_goes_on_refusing_when_its_service_has_ended) {
  const auto service = host(numbered_service, 2);
  const auto fence = make_service_fence(world.system(), service);
  fence_off(fence);
  kill_now(service);
  world.drain();
  EXPECT_TRUE(is_fenced(ask(fence)));
  EXPECT_FALSE(is_over(fence));
  end_fence(fence);
}

}  // namespace
}  // namespace bulwark::test
