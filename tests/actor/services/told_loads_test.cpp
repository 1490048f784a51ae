// SPDX-License-Identifier: BSD-3-Clause
// Goal: a node tells the group by itself how busy it is, in each of its lives, unless it is not to. Method:
// three nodes in one process, which an actor keeps busy; one of the nodes keeps quiet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bulwark/consensus/group_machine.hpp"
#include "bulwark/consensus/messages.hpp"
#include "services_test.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

/// Uses a core, a moment at a time.
inline caf::behavior busy_worker(caf::event_based_actor* self) {
  self->send(self, caf::ok_atom_v);
  return {[self](caf::ok_atom) {
    const auto end = std::chrono::steady_clock::now() + 2ms;
    while (std::chrono::steady_clock::now() < end) continue;
    self->send(self, caf::ok_atom_v);
  }};
}

class told_loads_test : public services_test {
 protected:
  told_loads_test()
      : services_test{[](consensus::cluster_node_options& options) {
          options.load.every = options.self == 3 ? 0ms : 200ms;
          options.load.change_permille = 1;
        }} {}

  /// What node 1 knows of the load of a life.
  std::uint32_t known(node_life life) {
    const auto group = at(1).node->group();
    return group ? group->children().reported_load(life) : 0;
  }
};

TEST_F(told_loads_test, the_group_hears_of_the_load_of_each_life_of_those_who_tell) {
  at(1).host(busy_worker);
  const auto before = at(2).node->life();
  ASSERT_TRUE(await([&, this] { return known(at(1).node->life()) > 0 && known(before) > 0; }));
  at(1).self->send(at(1).node->replica(),
                   consensus::submit{1, consensus::group_request(members::command{members::leave{before}})});
  ASSERT_TRUE(await([&, this] { return at(2).node->life() != before; }));
  EXPECT_TRUE(await([&, this] { return known(at(2).node->life()) > 0; }));
  EXPECT_EQ(known(at(3).node->life()), 0u) << "it keeps quiet";
  EXPECT_EQ(known(before), 0u);
}

}  // namespace
}  // namespace bulwark::test
