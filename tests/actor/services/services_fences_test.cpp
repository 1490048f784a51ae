// SPDX-License-Identifier: BSD-3-Clause
// Goal: a service whose node is not entitled to it any more refuses those who still hold it, and whoever
// looks for it anew is served by its next life. Method: services of three nodes in virtual time beside a
// group in memory; node 1 keeps what it was shown.
#include "bulwark/actors/service_fence.hpp"
#include "services_messages.hpp"
#include "services_state.hpp"
#include "virtual_nodes.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

class services_fences_test : public virtual_nodes {
 protected:
  explicit services_fences_test(std::size_t services_max = 4096)
      : virtual_nodes{[services_max](services_options& options) { options.services_max = services_max; }} {
    for (std::uint32_t node = 1; node <= 3; ++node) start_services(node);
    for (std::uint32_t node = 1; node <= 3; ++node) enter(node);
    for (std::uint32_t node = 1; node <= 3; ++node)
      for (std::uint32_t other = node + 1; other <= 3; ++other) meet(node, other);
  }
  /// Serves "a" on node 2, and gives what node 1 has got to see of it.
  caf::actor be_shown() {
    service = host(numbered_service, 2);
    EXPECT_FALSE(names(2).publish("a", service));
    return shown_to_first();
  }
  caf::actor shown_to_first() {
    EXPECT_EQ(answer(1, "a", 5), 205);
    return caf::actor_cast<caf::actor>(names(1).state()->find_gate("a").remote);
  }
  /// Node 2 goes on in another life, as it does when it hears that the one before is over.
  void live_again() {
    ++group.at(2).life.incarnation;
    enter(2);
    world.advance(1s);
  }
  std::string outcome_of(const caf::actor& whom) {
    const auto reply = testkit::ask<std::int32_t>(world.system(), whom, std::int32_t{5});
    world.drain();
    return reply->error ? error_text(*reply->error) : reply->value ? "value" : "pending";
  }

  caf::actor service;
};

TEST_F(services_fences_test, others_get_a_fence_and_those_of_one_life_the_same) {
  const auto shown = be_shown();
  EXPECT_NE(shown, service);
  EXPECT_EQ(answer(3, "a", 5), 205);
  EXPECT_EQ(names(3).state()->find_gate("a").remote, shown.address());
  EXPECT_EQ(outcome_of(shown), "value");
}

TEST_F(services_fences_test, a_node_that_is_down_refuses_and_serves_again_in_its_next_life) {
  const auto shown = be_shown();
  bring_down(2);
  world.advance(50ms);
  EXPECT_EQ(outcome_of(shown), "fenced");
  caf::anon_send(shown, std::int32_t{5});
  world.drain();
  EXPECT_EQ(names(2).fenced(), 2u);
  EXPECT_EQ(names(1).fenced(), 0u);
  live_again();
  EXPECT_EQ(outcome_of(shown), "fenced");
  const auto anew = shown_to_first();
  EXPECT_NE(anew, shown);
  EXPECT_EQ(outcome_of(anew), "value");
  EXPECT_EQ(names(2).fenced(), 3u);
}

TEST_F(services_fences_test, a_node_that_has_not_heard_of_its_end_shows_nothing_once_it_has) {
  be_shown();
  for (std::uint32_t node = 1; node <= 3; ++node) group.at(node).sees = false;
  bring_down(2);
  const auto late = names(3).whereis("a").value();
  EXPECT_EQ(answer(late, 5, 500ms), 205) << "nobody knows";
  group.at(2).sees = true;
  group.show();
  world.drain();
  part(2, 3);
  meet(2, 3);
  EXPECT_EQ(answer(late, 5, 1s), -1) << "who has not heard of it is shown nothing, and waits";
  group.at(3).sees = true;
  live_again();
  EXPECT_EQ(answer(late, 5, 500ms), 205);
}

TEST_F(services_fences_test, a_reference_of_the_same_node_does_not_go_on_in_a_life_that_is_over) {
  be_shown();
  const auto own = names(2).whereis("a").value();
  EXPECT_EQ(answer(own, 5), 205);
  group.at(2).sees = false;
  ++group.at(2).life.incarnation;
  world.advance(100ms);
  EXPECT_EQ(ref_stats(own).state, ref_state::holding);
  group.at(2).sees = true;
  enter(2);
  world.advance(1s);
  EXPECT_EQ(answer(own, 5), 205);
}

TEST_F(services_fences_test, what_was_shown_is_fenced_off_by_the_next_actor) {
  const auto shown = be_shown();
  group.at(2).sees = false;
  bring_down(2);
  restart_services(2);
  EXPECT_EQ(outcome_of(shown), "value") << "nobody has told it";
  EXPECT_EQ(names(2).state()->fences().all().size(), 1u);
  group.at(2).sees = true;
  group.show();
  world.drain();
  EXPECT_EQ(outcome_of(shown), "fenced");
}

TEST_F(services_fences_test, what_is_withdrawn_serves_those_who_have_not_heard_of_it_for_a_moment) {
  const auto shown = be_shown();
  ASSERT_FALSE(names(3).publish("a", host(numbered_service, 3)));
  names(2).withdraw("a");
  world.advance(300ms);
  EXPECT_EQ(answer(1, "a", 5), 305);
  EXPECT_EQ(outcome_of(shown), "value");
  world.advance(300ms);
  EXPECT_EQ(outcome_of(shown), "fenced");
}

TEST_F(services_fences_test, a_restart_behind_the_same_reference_passes_the_same_fence) {
  const auto ref = make_stable_ref(world.system(), {.name = "a"});
  service = host(numbered_service, 2);
  bind(ref, service);
  ASSERT_FALSE(names(2).publish("a", ref));
  const auto shown = shown_to_first();
  service = host(numbered_service, 2);
  bind(ref, service);
  ASSERT_FALSE(names(2).publish("a", ref));
  world.advance(5s);
  EXPECT_EQ(shown_to_first(), shown);
  EXPECT_EQ(outcome_of(shown), "value");
  close(ref, {});
  world.drain();
  EXPECT_TRUE(is_over(shown));
  EXPECT_TRUE(names(2).state()->fences().all().empty());
}

TEST_F(services_fences_test, closed_services_end_all_that_was_shown) {
  const auto shown = be_shown();
  bring_down(2);
  live_again();
  const auto anew = shown_to_first();
  EXPECT_EQ(outcome_of(shown), "fenced");
  names(2).close();
  EXPECT_TRUE(is_over(shown));
  EXPECT_TRUE(is_over(anew));
  EXPECT_EQ(names(2).fenced(), 1u) << "what was counted is not forgotten";
  const auto late = make_service_fence(world.system(), service);
  names(2).state()->fences().keep(9, {"a", late, service.id(), {2, 1}});
  EXPECT_TRUE(is_over(late));
}

class few_services_fences_test : public services_fences_test {
 protected:
  few_services_fences_test() : services_fences_test{1} {}
};

TEST_F(few_services_fences_test, as_many_as_may_be_published_stay_fenced_off_and_the_oldest_ends) {
  const auto first = be_shown();
  bring_down(2);
  live_again();
  const auto second = shown_to_first();
  EXPECT_EQ(outcome_of(first), "fenced");
  bring_down(2);
  live_again();
  shown_to_first();
  EXPECT_TRUE(is_over(first));
  EXPECT_EQ(outcome_of(second), "fenced");
  EXPECT_EQ(names(2).fenced(), 2u);
}

}  // namespace
}  // namespace bulwark::test
