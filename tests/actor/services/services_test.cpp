// SPDX-License-Identifier: BSD-3-Clause
// Goal: a service that one node publishes is found, used and followed from any other, and who is not there is
// answered for. Method: three nodes in one process over real loopback connections, with a real replicated
// group; nodes are stopped, crashed and started again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bulwark/actors/stable_ref.hpp"
#include "three_nodes.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

class services_test : public three_nodes {
 protected:
  using three_nodes::three_nodes;

  /// A service of a node under this name.
  caf::actor serve(std::uint32_t node, const std::string& name) {
    auto made = at(node).host([node] { return adding_service(static_cast<std::int32_t>(node)); });
    EXPECT_FALSE(at(node).names().publish(name, made));
    return made;
  }
  std::int32_t answer(std::uint32_t from, const std::string& name, std::int32_t what) {
    const auto got = ask<std::int32_t>(from, at(from).ref(name), what);
    EXPECT_TRUE(got.ok) << error_text(got.problem);
    return got.answer;
  }
};

TEST_F(services_test, an_instance_is_found_from_other_nodes) {
  serve(2, "inventory");
  for (std::uint32_t from = 1; from <= 3; ++from)
    EXPECT_EQ(answer(from, "inventory", static_cast<std::int32_t>(from)), 200 + static_cast<int>(from));
}

}  // namespace
}  // namespace bulwark::test
