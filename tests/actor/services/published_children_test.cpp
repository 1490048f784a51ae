// SPDX-License-Identifier: BSD-3-Clause
// Goal: a supervised child that is published is served through its restarts, and its name is free once it is
// gone; one that cannot be published is no child.
// Method: trees in virtual time beside the services of three nodes and a group in memory.
#include "bulwark/supervision/messages.hpp"
#include "services_state.hpp"
#include "virtual_nodes.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

class published_children_test : public virtual_nodes {
 protected:
  published_children_test() {
    for (std::uint32_t node = 1; node <= 2; ++node) start_services(node);
    for (std::uint32_t node = 1; node <= 2; ++node) enter(node);
    meet(1, 2);
  }
  child answering() {
    child one;
    one.spec.id = "answering";
    one.start = [this](caf::actor_system& system, const caf::actor&) {
      last = system.spawn(numbered_service, 2).address();
      return caf::actor_cast<caf::actor>(last);
    };
    return one;
  }
  std::optional<services_state::publication> served() const { return names(2).state()->serving("p"); }
  [[nodiscard]] caf::actor latest() const { return caf::actor_cast<caf::actor>(last); }

  caf::actor_addr last;
};

TEST_F(published_children_test, one_with_a_reference_is_served_by_that) {
  auto one = answering();
  one.ref = make_stable_ref(world.system());
  const auto ref = one.ref;
  start("tree", {published(names(2), "p", std::move(one))});
  EXPECT_EQ(answer(1, "p", 5), 205);
  ASSERT_TRUE(served());
  EXPECT_EQ(served()->handle, ref);
  kill_now(latest());
  world.advance(1s);
  EXPECT_EQ(answer(1, "p", 5), 205);
}

TEST_F(published_children_test, one_that_is_gone_leaves_the_name_at_once) {
  auto one = answering();
  auto gone = std::make_shared<int>(0);
  one.gone = [gone](bool) { ++*gone; };
  one.ref = make_stable_ref(world.system());
  const auto tree = start("tree", {published(names(2), "p", std::move(one))});
  world.advance(300ms);
  ASSERT_NE(owner("p").token, 0u);
  caf::anon_send(tree, terminate_child{"answering"});
  world.advance(300ms);
  EXPECT_EQ(owner("p").token, 0u);
  EXPECT_FALSE(served());
  EXPECT_EQ(*gone, 1) << "it is told to whoever wanted to know, too";
}

TEST_F(published_children_test, one_that_cannot_be_published_does_not_run) {
  auto one = answering();
  const auto made = host(numbered_service, 2);
  one.start = [made](caf::actor_system&, const caf::actor&) { return made; };
  const auto refused = published(names(2), "child/p", std::move(one));
  EXPECT_THROW(refused.start(world.system(), {}), std::runtime_error);
  world.drain();
  EXPECT_TRUE(is_over(made));
}

TEST_F(published_children_test, one_that_takes_arguments_is_published_too) {
  child one;
  one.start_with = [this](caf::actor_system&, const caf::actor&, const caf::message& with) {
    return host(numbered_service, with.get_as<std::int32_t>(0));
  };
  const auto made = published(names(2), "p", std::move(one));
  EXPECT_TRUE(made.start_with(world.system(), {}, caf::make_message(std::int32_t{7})).handle);
  EXPECT_EQ(answer(1, "p", 5), 705);
}

}  // namespace
}  // namespace bulwark::test
