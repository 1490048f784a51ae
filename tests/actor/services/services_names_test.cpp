// SPDX-License-Identifier: BSD-3-Clause
// Goal: names are held while somebody serves them and no longer; references, watches and routers follow,
// also through the end of the actor that does the work.
// Method: services of three nodes in virtual time beside a group in memory.
#include <set>

#include "bulwark/actors/router.hpp"
#include "services_messages.hpp"
#include "services_state.hpp"
#include "virtual_nodes.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

inline caf::behavior name_watcher(caf::event_based_actor*, std::shared_ptr<std::vector<name_event>> told) {
  return {[told](const service_ended& what) { told->push_back(what.event()); }};
}
inline caf::behavior group_listener(caf::event_based_actor*, std::shared_ptr<int> moves) {
  return {[moves](group_moved) { ++*moves; }};
}

class services_names_test : public virtual_nodes {
 protected:
  services_names_test() : virtual_nodes{[](services_options& options) { options.watches_max = 2; }} {
    for (std::uint32_t node = 1; node <= 3; ++node) start_services(node);
    for (std::uint32_t node = 1; node <= 3; ++node) enter(node);
    for (std::uint32_t node = 1; node <= 3; ++node)
      for (std::uint32_t other = node + 1; other <= 3; ++other) meet(node, other);
  }
  caf::actor serve(std::uint32_t node, const std::string& name) {
    auto made = host(numbered_service, static_cast<std::int32_t>(node));
    EXPECT_FALSE(names(node).publish(name, made));
    world.advance(300ms);
    return made;
  }
  caf::actor watch(std::uint32_t node, const std::string& name) {
    auto made = host(name_watcher, told);
    EXPECT_FALSE(names(node).watch(name, made));
    world.advance(100ms);
    return made;
  }
  std::size_t workers_of(const caf::actor& router) {
    world.drain();
    return worker_loads(router).size();
  }

  std::shared_ptr<std::vector<name_event>> told = std::make_shared<std::vector<name_event>>();
};

TEST_F(services_names_test, a_name_that_is_published_again_at_once_is_not_given_up) {
  serve(2, "a");
  const auto before = owner("a").token;
  names(2).withdraw("a");
  ASSERT_FALSE(names(2).publish("a", host(numbered_service, 2)));
  world.advance(20s);
  EXPECT_GT(owner("a").token, before);
  EXPECT_THAT(group.releases_of(2), IsEmpty());
  EXPECT_EQ(answer(1, "a", 5), 205);
}

TEST_F(services_names_test, each_service_under_a_name_has_a_token_of_its_own) {
  serve(2, "a");
  const auto before = owner("a").token;
  serve(2, "a");
  EXPECT_GT(owner("a").token, before);
}

TEST_F(services_names_test, a_reference_leaves_what_ends_here_at_once) {
  const auto first = serve(1, "a");
  const auto ref = names(1).whereis("a").value();
  EXPECT_EQ(answer(ref, 5), 105);
  group.at(1).sees = false;
  kill_now(first);
  world.drain();
  EXPECT_EQ(ref_stats(ref).state, ref_state::holding);
  group.at(1).sees = true;
  serve(1, "a");
  EXPECT_EQ(answer(ref, 5), 105);
  group.at(1).sees = false;
  names(1).withdraw("a");
  world.drain();
  EXPECT_EQ(ref_stats(ref).state, ref_state::holding);
}

TEST_F(services_names_test, an_end_of_what_serves_no_more_leaves_the_name) {
  const auto first = serve(2, "a");
  const auto second = serve(2, "a");
  kill_now(first);
  world.advance(10s);
  EXPECT_EQ(answer(1, "a", 5), 205);
  kill_now(second);
  world.advance(10s);
  EXPECT_EQ(owner("a").token, 0u);
}

TEST_F(services_names_test, what_the_group_decides_is_told_to_those_who_listen) {
  auto moves = std::make_shared<int>(0);
  names(1).state()->listen(host(group_listener, moves));
  group.show();
  world.drain();
  EXPECT_EQ(*moves, 1);
  group.show();
  world.drain();
  EXPECT_EQ(*moves, 2);
}

TEST_F(services_names_test, what_is_served_under_a_claim_of_somebody_else_is_not_claimed) {
  const auto one = host(numbered_service, 2);
  const auto& state = names(2).state();
  group.tell(names::command{names::claim{"a", {2, 1}, 7}});
  state->serve("a", 7, one);
  world.advance(300ms);
  EXPECT_EQ(answer(1, "a", 5), 205);
  group.tell(names::command{names::release{"a", owner("a").token}});
  world.advance(2s);
  EXPECT_THAT(group.claims_of(2), IsEmpty());
  state->withdraw("a", 6, false);
  EXPECT_TRUE(state->serving("a")) << "that was an earlier one";
  state->withdraw("a", 7, false);
  EXPECT_FALSE(state->serving("a"));
}

TEST_F(services_names_test, the_next_actor_looks_after_what_serves) {
  const auto one = serve(2, "a");
  restart_services(2);
  EXPECT_EQ(answer(1, "a", 5), 205);
  kill_now(one);
  world.advance(10s);
  EXPECT_EQ(owner("a").token, 0u);
}

TEST_F(services_names_test, a_watch_begins_when_somebody_serves_and_tells_its_end_once) {
  watch(1, "a");
  const auto first = serve(2, "a");
  EXPECT_THAT(*told, IsEmpty());
  serve(2, "a");
  EXPECT_THAT(*told, ElementsAre(name_event::restarted));
  serve(2, "a");
  restart_services(1);
  EXPECT_EQ(told->size(), 1u);
}

TEST_F(services_names_test, the_end_of_a_watcher_makes_room_and_ends_no_other_watch) {
  serve(2, "a");
  const auto first = watch(1, "a");
  watch(1, "a");
  EXPECT_EQ(names(1).watch("a", host(name_watcher, told)), service_error::overloaded);
  kill_now(first);
  world.drain();
  watch(1, "b");
  bring_down(2);
  world.advance(100ms);
  EXPECT_THAT(*told, ElementsAre(name_event::node_down));
}

TEST_F(services_names_test, a_watch_that_ends_while_no_actor_looks_is_told_by_the_next) {
  serve(2, "a");
  watch(1, "a");
  group.at(1).sees = false;
  const auto entry = owner("a");
  group.tell(names::command{names::release{"a", entry.token}});
  world.advance(1s);
  ASSERT_NE(owner("a").token, 0u) << "it is claimed again";
  group.at(1).seen = std::make_shared<const membership_group>(group.now());
  restart_services(1);
  EXPECT_THAT(*told, ElementsAre(name_event::service_down));
}

TEST_F(services_names_test, a_watch_goes_on_under_the_next_actor) {
  serve(2, "a");
  watch(1, "a");
  watch(1, "b");
  restart_services(1);
  EXPECT_THAT(*told, IsEmpty());
  bring_down(2);
  world.advance(100ms);
  EXPECT_THAT(*told, ElementsAre(name_event::node_down));
}

TEST_F(services_names_test, a_router_has_each_instance_once_whoever_looks_after_it) {
  const auto router = names(1).router("pool").value();
  const auto here = serve(1, "pool/1");
  serve(2, "pool/2");
  serve(3, "pool/2/x");
  EXPECT_EQ(workers_of(router), 2u);
  restart_services(1);
  world.advance(500ms);
  EXPECT_EQ(workers_of(router), 2u);
  bring_down(2);
  world.advance(100ms);
  EXPECT_EQ(workers_of(router), 1u);
  EXPECT_FALSE(names(1).state()->find_reference("pool/2"));
  EXPECT_FALSE(names(1).state()->find_gate("pool/2").gate);
  kill_now(here);
  world.drain();
  EXPECT_EQ(workers_of(router), 0u);
}

TEST_F(services_names_test, an_instance_that_ends_while_no_actor_looks_leaves_the_router) {
  const auto router = names(1).router("pool").value();
  serve(2, "pool/1");
  serve(3, "pool/2");
  group.at(1).sees = false;
  bring_down(2);
  group.at(1).seen = std::make_shared<const membership_group>(group.now());
  restart_services(1);
  EXPECT_EQ(workers_of(router), 1u);
}

TEST_F(services_names_test, a_reference_of_a_user_outlives_the_router) {
  const auto router = names(1).router("pool").value();
  serve(2, "pool/1");
  serve(3, "pool/2");
  const auto own = names(1).state()->find_reference("pool/2");
  const auto ref = names(1).whereis("pool/1").value();
  bring_down(2);
  bring_down(3);
  world.advance(100ms);
  EXPECT_EQ(ref_stats(own).state, ref_state::closed);
  EXPECT_EQ(ref_stats(ref).state, ref_state::holding);
  EXPECT_EQ(workers_of(router), 0u);
  world.advance(6s);
  EXPECT_EQ(answer(ref, 5), 0) << "it is refused, as nobody came";
  group.at(2).life = {2, 2};
  enter(2);
  world.advance(1s);
  EXPECT_EQ(answer(ref, 5), 205) << "it is followed";
  EXPECT_EQ(workers_of(router), 1u);
}

TEST_F(services_names_test, an_instance_on_a_node_that_drains_gets_nothing_new_until_it_is_back) {
  const auto router = names(1).router("pool", {.policy = {routing_kind::round_robin}}).value();
  serve(2, "pool/1");
  serve(3, "pool/2");
  const auto answers = [&] {
    std::set<std::int32_t> from;
    for (int i = 0; i < 8; ++i) from.insert(answer(router, 5));
    return from;
  };
  EXPECT_EQ(answers(), (std::set<std::int32_t>{205, 305}));
  group.tell(members::command{members::drain{{2, 1}}});
  world.advance(100ms);
  EXPECT_EQ(answers(), (std::set<std::int32_t>{305}));
  serve(2, "pool/1");
  EXPECT_EQ(answers(), (std::set<std::int32_t>{305})) << "nor does another one there";
  bring_down(2);
  group.at(2).life = {2, 2};
  enter(2);
  world.advance(1s);
  EXPECT_EQ(answers(), (std::set<std::int32_t>{205, 305}));
}

}  // namespace
}  // namespace bulwark::test
