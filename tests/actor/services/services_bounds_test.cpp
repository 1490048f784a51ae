// SPDX-License-Identifier: BSD-3-Clause
// Goal: what waits for a name waits neither for ever nor without bound, and so it is with references,
// watches, routers and published names. Method: three nodes in one process with small bounds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services_test.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

class bounded_services_test : public services_test {
 protected:
  bounded_services_test()
      : services_test{[](consensus::cluster_node_options& options) {
          options.services.hold_max = 3;
          options.services.references_max = 2;
          options.services.services_max = 1;
          options.services.watches_max = 1;
          options.services.routers_max = 1;
        }} {}
};

class impatient_services_test : public services_test {
 protected:
  impatient_services_test()
      : services_test{
            [](consensus::cluster_node_options& options) { options.services.lookup.patience = 300ms; }} {}
};

TEST_F(impatient_services_test, messages_are_refused_when_nobody_comes_in_time) {
  const auto got = ask<std::int32_t>(1, at(1).ref("nobody"), std::int32_t{1});
  EXPECT_EQ(got.problem, caf::sec::request_receiver_down);
  const auto later = ask<std::int32_t>(1, at(1).ref("nobody"), std::int32_t{1});
  EXPECT_EQ(later.problem, caf::sec::request_receiver_down);
  serve(2, "nobody");
  EXPECT_TRUE(
      await([&, this] { return ask<std::int32_t>(1, at(1).ref("nobody"), std::int32_t{1}).answer == 201; }));
}

TEST_F(bounded_services_test, what_waits_is_bounded) {
  const auto ref = at(1).ref("nobody");
  auto overloaded = std::make_shared<std::atomic<int>>(0);
  at(1).host([=](caf::event_based_actor* self) -> caf::behavior {
    for (int i = 0; i < 10; ++i)
      self->request(ref, caf::infinite, std::int32_t{i})
          .then([](std::int32_t) {},
                [=](const caf::error& why) { *overloaded += why == service_error::overloaded ? 1 : 0; });
    return {[](caf::unit_t) {}};
  });
  EXPECT_TRUE(await([&] { return *overloaded == 7; }));
  EXPECT_EQ(ref_stats(ref).held, 3u);
}

TEST_F(bounded_services_test, references_are_bounded) {
  const auto& names = at(1).names();
  ASSERT_TRUE(names.whereis("a"));
  ASSERT_TRUE(names.whereis("b"));
  const auto third = names.whereis("c");
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error(), service_error::overloaded);
  EXPECT_TRUE(names.whereis("a")) << "which is there";
  ASSERT_TRUE(names.router("r"));
  EXPECT_FALSE(names.router("s"));
  ASSERT_FALSE(names.watch("a", at(1).ref("a")));
  EXPECT_EQ(names.watch("a", at(1).ref("a")), service_error::overloaded);
  serve(1, "x");
  EXPECT_EQ(names.publish("y", at(1).host([] { return adding_service(1); })), service_error::overloaded);
}

}  // namespace
}  // namespace bulwark::test
