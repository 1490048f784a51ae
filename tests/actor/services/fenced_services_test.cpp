// SPDX-License-Identifier: BSD-3-Clause
// Goal: who still holds a service of a life that is over is refused by its node, though that can be reached,
// and served again by the next life. Method: three nodes in one process over real loopback connections, with
// a real replicated group, to which somebody says that a node is down which is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bulwark/consensus/group_machine.hpp"
#include "bulwark/consensus/messages.hpp"
#include "services_state.hpp"
#include "services_test.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

/// Counts what it is told, and answers with the count.
inline caf::behavior counting_service(std::shared_ptr<std::atomic<int>> told) {
  return {[told](std::int32_t) -> std::int32_t { return *told; }, [told](caf::ok_atom) { ++*told; }};
}

class fenced_services_test : public services_test {
 protected:
  /// What a node was shown of a service on another one: it is held whatever the group says since.
  caf::actor held_by(std::uint32_t node, const std::string& name) {
    auto shown = caf::actor_cast<caf::actor>(at(node).names().state()->find_gate(name).remote);
    EXPECT_TRUE(shown);
    return shown;
  }
  /// The group is told that this life of a node is over.
  void declare_over(node_life life) {
    at(1).self->send(at(1).node->replica(),
                     consensus::submit{1, consensus::group_request(members::command{members::leave{life}})});
  }
};

TEST_F(fenced_services_test, a_stale_holder_is_refused_and_the_next_life_serves) {
  auto told = std::make_shared<std::atomic<int>>(0);
  ASSERT_FALSE(at(2).names().publish("counter", at(2).host(counting_service, told)));
  ASSERT_TRUE(ask<std::int32_t>(1, at(1).ref("counter"), std::int32_t{1}).ok);
  const auto stale = held_by(1, "counter");
  at(1).self->send(stale, caf::ok_atom_v);
  EXPECT_EQ(ask<std::int32_t>(1, stale, std::int32_t{1}).answer, 1) << "it is the way to the service";

  const auto before = owner(1, "counter");
  declare_over(before.owner);
  ASSERT_TRUE(await([&, this] {
    const auto now = owner(1, "counter");
    return now.token > before.token && now.owner.node == 2 &&
           now.owner.incarnation > before.owner.incarnation;
  }));
  const auto refused = ask<std::int32_t>(1, stale, std::int32_t{1});
  EXPECT_EQ(refused.problem, service_error::fenced) << error_text(refused.problem);
  at(1).self->send(stale, caf::ok_atom_v);
  EXPECT_TRUE(await([&] { return at(2).names().fenced() == 2; }));

  EXPECT_EQ(ask<std::int32_t>(1, at(1).ref("counter"), std::int32_t{1}).answer, 1) << "told once";
  EXPECT_EQ(ask<std::int32_t>(2, at(2).ref("counter"), std::int32_t{1}).answer, 1);
  EXPECT_NE(held_by(1, "counter"), stale);
  EXPECT_EQ(ask<std::int32_t>(1, stale, std::int32_t{1}).problem, service_error::fenced) << "for good";
}

TEST_F(fenced_services_test, the_end_of_a_service_is_told_through_its_fence) {
  const auto made = serve(2, "short");
  EXPECT_EQ(answer(1, "short", 1), 201);
  const auto stale = held_by(1, "short");
  kill_now(made);
  EXPECT_TRUE(await([&] {
    return ask<std::int32_t>(1, stale, std::int32_t{1}).problem == caf::sec::request_receiver_down;
  }));
  serve(2, "short");
  // Until the first node has heard of the end as well, what it asks ends like that.
  EXPECT_TRUE(await([&, this] {
    const auto got = ask<std::int32_t>(1, at(1).ref("short"), std::int32_t{1});
    EXPECT_TRUE(got.ok || got.problem == caf::sec::request_receiver_down) << error_text(got.problem);
    return got.answer == 201;
  }));
}

}  // namespace
}  // namespace bulwark::test
