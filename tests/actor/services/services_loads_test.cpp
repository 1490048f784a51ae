// SPDX-License-Identifier: BSD-3-Clause
// Goal: a router knows how loaded an instance on another node is by what others send to it, and asks for no
// more than it needs.
// Method: services of three nodes in virtual time beside a group in memory; an instance whose mailbox is as
// full as the test wants.
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "bulwark/actors/router.hpp"
#include "busy_service.hpp"
#include "services_messages.hpp"
#include "services_state.hpp"
#include "virtual_nodes.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

using questions = std::vector<wire::loads_wanted>;

inline caf::behavior load_spy(caf::event_based_actor*, std::shared_ptr<questions> asked) {
  return {[asked](const wire::loads_wanted& question) { asked->push_back(question); },
          [](const wire::service_wanted&) {}};
}
inline caf::behavior answer_spy(caf::event_based_actor*, std::shared_ptr<std::vector<wire::loads_at>> told) {
  return {[told](const wire::loads_at& answer) { told->push_back(answer); }};
}

class services_loads_test : public virtual_nodes {
 protected:
  explicit services_loads_test(const std::function<void(services_options&)>& adjust = {})
      : virtual_nodes{adjust} {
    for (std::uint32_t node = 1; node <= 3; ++node) start_services(node);
    for (std::uint32_t node = 1; node <= 3; ++node) enter(node);
    for (std::uint32_t node = 1; node <= 3; ++node)
      for (std::uint32_t other = node + 1; other <= 3; ++other) meet(node, other);
    busy = serve(2, "pricer/2");
    idle = serve(3, "pricer/3");
    go_on(idle);
    router = names(1).router("pricer", {.policy = {routing_kind::least_loaded}}).value();
    world.advance(300ms);
  }

  caf::actor serve(std::uint32_t node, const std::string& name) {
    auto made = host(busy_service, static_cast<std::int32_t>(node));
    EXPECT_FALSE(names(node).publish(name, made));
    return made;
  }
  void go_on(const caf::actor& whom) {
    caf::anon_send(whom, caf::ok_atom_v);
    world.drain();
  }
  void others_send(const caf::actor& whom, std::int32_t messages) {
    for (std::int32_t i = 0; i < messages; ++i) caf::anon_send(whom, i);
    world.drain();
  }
  /// Of the instances on nodes 2 and 3.
  std::vector<std::int64_t> loads() const {
    std::vector<std::int64_t> all;
    for (const auto& one : worker_loads(router)) all.push_back(one.load);
    return all;
  }
  /// How many of these messages are under way to nodes 2 and 3, or were answered by them.
  std::vector<std::uint64_t> spread(int requests) {
    for (int i = 0; i < requests; ++i)
      replies.push_back(testkit::ask<std::int32_t>(world.system(), router, i));
    world.drain();
    std::vector<std::uint64_t> all;
    for (const auto& one : worker_loads(router))
      all.push_back(one.done + static_cast<std::uint64_t>(one.in_flight));
    return all;
  }
  /// As if this life of a node had said so to node 1.
  void tell(const node_life& who, const std::string& name, std::uint64_t start, std::int64_t load) {
    caf::anon_send(names(1).envoy(), wire::loads_at{who.node, who.incarnation, {{name, start, load}}});
    world.drain();
  }

  caf::actor busy;
  caf::actor idle;
  caf::actor router;
  std::vector<std::shared_ptr<const testkit::reply<std::int32_t>>> replies;
};

class silent_loads_test : public services_loads_test {
 protected:
  silent_loads_test()
      : services_loads_test{[](services_options& options) { options.ask_loads_every = 0s; }} {}
};

TEST_F(services_loads_test, an_instance_that_others_keep_busy_gets_less_than_its_share) {
  others_send(busy, 8);
  world.advance(200ms);
  EXPECT_THAT(loads(), ElementsAre(8, 0));
  EXPECT_THAT(spread(6), ElementsAre(0u, 6u));
  for (const auto& one : replies) EXPECT_TRUE(one->value);
}

TEST_F(silent_loads_test, nothing_is_known_of_others_if_nobody_is_to_be_asked) {
  others_send(busy, 8);
  world.advance(1s);
  EXPECT_THAT(loads(), ElementsAre(0, 0));
  EXPECT_THAT(spread(6), ElementsAre(3u, 3u));
  go_on(busy);
}

TEST_F(services_loads_test, what_was_sent_since_counts_and_is_not_counted_twice_when_it_is_reported) {
  others_send(busy, 2);
  others_send(idle, 3);
  world.advance(200ms);
  EXPECT_THAT(loads(), ElementsAre(2, 0)) << "who is idle has done what others sent";
  others_send(busy, 1);
  EXPECT_THAT(loads(), ElementsAre(2, 0)) << "not told yet";
  kill_now(idle);
  world.drain();
  EXPECT_THAT(spread(4), ElementsAre(4u));
  EXPECT_THAT(loads(), ElementsAre(6));
  world.advance(200ms);
  EXPECT_THAT(loads(), ElementsAre(7));
  go_on(busy);
  EXPECT_THAT(loads(), ElementsAre(3)) << "its answers are seen at once";
  world.advance(200ms);
  EXPECT_THAT(loads(), ElementsAre(0));
}

TEST_F(services_loads_test, an_instance_gets_its_share_again_once_it_has_done_what_others_sent) {
  others_send(busy, 8);
  world.advance(200ms);
  go_on(busy);
  EXPECT_THAT(loads(), ElementsAre(8, 0));
  world.advance(200ms);
  EXPECT_THAT(loads(), ElementsAre(0, 0));
  EXPECT_THAT(spread(6), ElementsAre(3u, 3u));
}

TEST_F(services_loads_test, only_what_is_said_of_this_very_start_is_believed) {
  const auto start = owner("pricer/2").start;
  tell({2, 1}, "pricer/2", start + 1, 5);
  tell({2, 2}, "pricer/2", start, 5);
  tell({3, 1}, "pricer/2", start, 5);
  tell({2, 1}, "pricer/1", start, 5);
  tell({2, 1}, "other/2", start, 5);
  tell({2, 1}, "pricer", start, 5);
  tell({9, 1}, "pricer/2", start, 5);
  EXPECT_THAT(loads(), ElementsAre(0, 0));
  tell({2, 1}, "pricer/2", start, 5);
  EXPECT_THAT(loads(), ElementsAre(5, 0));
  tell({2, 1}, "pricer/2", start, std::numeric_limits<std::int64_t>::max());
  EXPECT_THAT(loads(), ElementsAre(1'000'000'000, 0));
  tell({2, 1}, "pricer/2", start, -5);
  EXPECT_THAT(loads(), ElementsAre(0, 0));
}

TEST_F(services_loads_test, only_instances_of_routers_are_asked_for_and_one_question_is_under_way) {
  serve(2, "pricer/2/x");
  serve(2, "other/2");
  serve(1, "pricer/1");
  ASSERT_TRUE(names(1).whereis("other/2"));
  world.advance(300ms);
  auto asked = std::make_shared<questions>();
  const auto spy = host(load_spy, asked);
  names(1).state()->meet(2, spy);
  world.advance(900ms);
  ASSERT_EQ(asked->size(), 1u);
  EXPECT_EQ(asked->front().from, 1u);
  EXPECT_THAT(asked->front().names, ElementsAre("pricer/2"));
  world.advance(300ms);
  EXPECT_EQ(asked->size(), 2u) << "what is not answered is lost at last";
  tell({2, 1}, "pricer/2", 1, 0);
  world.advance(200ms);
  EXPECT_EQ(asked->size(), 3u);
  part(1, 2);
  world.advance(5s);
  EXPECT_EQ(asked->size(), 3u) << "it is not reached";
}

TEST_F(services_loads_test, what_is_answered_is_bounded_and_only_said_to_nodes_that_are_reached) {
  auto told = std::make_shared<std::vector<wire::loads_at>>();
  names(2).state()->meet(9, host(answer_spy, told));
  others_send(busy, 3);
  caf::anon_send(names(2).envoy(), wire::loads_wanted{9, {"nobody", "pricer/3", "pricer/2"}});
  caf::anon_send(names(2).envoy(), wire::loads_wanted{9, std::vector<std::string>(300, "pricer/2")});
  caf::anon_send(names(2).envoy(), wire::loads_wanted{8, {"pricer/2"}});
  world.drain();
  ASSERT_EQ(told->size(), 2u);
  EXPECT_EQ(told->at(0).node, 2u);
  EXPECT_EQ(told->at(0).incarnation, 1u);
  ASSERT_EQ(told->at(0).loads.size(), 1u);
  EXPECT_EQ(told->at(0).loads[0].name, "pricer/2");
  EXPECT_EQ(told->at(0).loads[0].start, owner("pricer/2").start);
  EXPECT_EQ(told->at(0).loads[0].load, 3);
  EXPECT_EQ(told->at(1).loads.size(), 256u);
}

TEST_F(services_loads_test, many_instances_are_asked_for_in_several_messages) {
  for (int i = 0; i < 300; ++i) ASSERT_FALSE(names(2).publish("many/" + std::to_string(i), busy));
  ASSERT_TRUE(names(1).router("many"));
  world.advance(1s);
  auto asked = std::make_shared<questions>();
  names(1).state()->meet(2, host(load_spy, asked));
  world.advance(400ms);
  ASSERT_EQ(asked->size(), 2u);
  EXPECT_EQ(asked->at(0).names.size(), 256u);
  EXPECT_EQ(asked->at(1).names.size(), 45u) << "and that of the pricers";
}

TEST_F(services_loads_test, the_next_actor_asks_as_the_one_before_did) {
  restart_services(1);
  restart_services(2);
  others_send(busy, 8);
  world.advance(1s);
  ASSERT_EQ(loads().size(), 2u);
  EXPECT_THAT(loads(), testing::UnorderedElementsAre(8, 0));
}

}  // namespace
}  // namespace bulwark::test
