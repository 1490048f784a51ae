// SPDX-License-Identifier: BSD-3-Clause
// Goal: the instances of a service on all nodes form one router on each node, which follows membership and
// registry; what is lost is lost visibly. Method: three nodes in one process over real loopback connections,
// with a real replicated group.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>

#include "bulwark/testkit/router_matchers.hpp"
#include "busy_service.hpp"
#include "services_test.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;
using namespace testkit;
using testing::AllOf;

class cluster_router_test : public services_test {
 protected:
  caf::actor router(std::uint32_t node) { return at(node).names().router("pricer").value(); }

  /// That so many workers take something new.
  static auto has_workers(std::size_t count) { return soon(testkit::WorkersInUse(count)); }

  /// The nodes that answered so many requests from there.
  std::multiset<std::int32_t> nodes_of(std::uint32_t from, int requests) {
    std::multiset<std::int32_t> nodes;
    for (std::int32_t i = 0; i < requests; ++i) {
      const auto got = ask<std::int32_t>(from, router(from), i);
      EXPECT_TRUE(got.ok) << error_text(got.problem);
      nodes.insert(got.answer / 100);
    }
    return nodes;
  }
};

TEST_F(cluster_router_test, a_router_has_the_instances_of_all_nodes) {
  for (std::uint32_t node = 1; node <= 3; ++node) serve(node, "pricer/" + std::to_string(node));
  for (std::uint32_t from = 1; from <= 3; ++from) {
    ASSERT_THAT(router(from), has_workers(3));
    const auto nodes = nodes_of(from, 60);
    for (std::int32_t node = 1; node <= 3; ++node) EXPECT_GT(nodes.count(node), 0u) << node;
    EXPECT_THAT(router(from), Counts({.submitted = 60, .done = 60}));
    EXPECT_EQ(router(from), router(from)) << "made once";
  }
}

TEST_F(cluster_router_test, instances_with_a_longer_name_are_others) {
  serve(1, "pricer/1");
  serve(2, "pricer/2/x");
  serve(2, "pricers/1");
  serve(3, "pricer");
  ASSERT_TRUE(await_owner("pricer", 3) && await_owner("pricer/2/x", 2) && await_owner("pricers/1", 2));
  ASSERT_THAT(router(2), has_workers(1));
  EXPECT_EQ(nodes_of(2, 10).count(1), 10u);
}

TEST_F(cluster_router_test, an_instance_that_ends_leaves_and_one_that_comes_joins) {
  serve(2, "pricer/a");
  ASSERT_THAT(router(1), has_workers(1));
  at(2).names().withdraw("pricer/a");
  ASSERT_THAT(router(1), has_workers(0));
  EXPECT_EQ(ask<std::int32_t>(1, router(1), std::int32_t{1}).problem, service_error::no_worker);
  serve(3, "pricer/a");
  ASSERT_THAT(router(1), has_workers(1));
  EXPECT_EQ(nodes_of(1, 3).count(3), 3u);
}

TEST_F(cluster_router_test, a_node_that_drains_gets_nothing_new) {
  for (std::uint32_t node = 1; node <= 3; ++node) serve(node, "pricer/" + std::to_string(node));
  ASSERT_THAT(router(1), has_workers(3));
  at(3).node->drain();
  ASSERT_THAT(router(1), has_workers(2));
  EXPECT_EQ(nodes_of(1, 60).count(3), 0u);
  EXPECT_EQ(answer(1, "pricer/3", 7), 307) << "it serves what it is asked for by name";
}

TEST_F(cluster_router_test, counts_add_up_when_a_node_dies) {
  auto taken = std::make_shared<std::atomic<int>>(0);
  ASSERT_FALSE(at(2).names().publish("pricer/2", at(2).host(silent_service, taken)));
  serve(3, "pricer/3");
  const auto pricers = router(1);
  seen.watch(pricers, 1);
  ASSERT_THAT(router(1), has_workers(2));
  auto done = std::make_shared<std::atomic<int>>(0);
  auto failed = std::make_shared<std::atomic<int>>(0);
  at(1).host([=](caf::event_based_actor* self) -> caf::behavior {
    for (int i = 0; i < 40; ++i)
      self->request(pricers, caf::infinite, std::int32_t{i})
          .then([done](std::int32_t) { ++*done; }, [failed](const caf::error&) { ++*failed; });
    return {[](caf::unit_t) {}};
  });
  ASSERT_TRUE(await([&] { return *taken > 0 && *done + *taken == 40; }));
  EXPECT_EQ(*failed, 0);
  crash(2);
  ASSERT_TRUE(await([&] { return *done + *failed == 40; }));
  EXPECT_EQ(*failed, *taken);
  ASSERT_THAT(router(1), has_workers(1));
  EXPECT_THAT(pricers, AllOf(NothingLost(), Counts({.submitted = 40,
                                                    .done = static_cast<std::uint64_t>(*done),
                                                    .failed = static_cast<std::uint64_t>(*failed)})));
  EXPECT_EQ(nodes_of(1, 10).count(3), 10u);
  start(2);
  serve(2, "pricer/2");
  EXPECT_THAT(router(1), has_workers(2)) << "a later life joins";
  EXPECT_THAT(seen, InOrder(NodeDown(2, SeenBy(1)), NameFree("pricer/2", SeenBy(1)),
                            NameOwned("pricer/2", 2, SeenBy(1)), WorkerJoined(at(1).ref("pricer/2"))));
}

TEST_F(cluster_router_test, an_instance_that_others_keep_busy_gets_less_than_its_share) {
  const auto busy = at(2).system.spawn(busy_service, 2);
  at(2).guests.push_back(busy);
  ASSERT_FALSE(at(2).names().publish("pricer/2", busy));
  serve(3, "pricer/3");
  const auto pricers = router(1);
  ASSERT_THAT(pricers, has_workers(2));
  for (std::int32_t i = 0; i < 50; ++i) caf::anon_send(busy, i);
  ASSERT_TRUE(await([&] {
    return std::ranges::any_of(worker_loads(pricers), [](const auto& one) { return one.load == 50; });
  }));
  EXPECT_EQ(nodes_of(1, 20).count(3), 20u);
}

TEST_F(cluster_router_test, the_first_options_count_and_bad_ones_are_refused) {
  router_options hashing;
  hashing.policy.kind = routing_kind::consistent_hash;
  EXPECT_FALSE(at(1).names().router("pricer", hashing)) << "key_of is missing";
  hashing.key_of = [](const caf::message& content) {
    return static_cast<std::uint64_t>(content.get_as<std::int32_t>(0));
  };
  const auto made = at(1).names().router("pricer", hashing);
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, router(1));
  for (std::uint32_t node = 1; node <= 3; ++node) serve(node, "pricer/" + std::to_string(node));
  ASSERT_THAT(router(1), has_workers(3));
  const auto first = ask<std::int32_t>(1, *made, std::int32_t{5});
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(ask<std::int32_t>(1, *made, std::int32_t{5}).answer, first.answer) << "always the same worker";
}

}  // namespace
}  // namespace bulwark::test
