// SPDX-License-Identifier: BSD-3-Clause
// Goal: nodes watch one another along the rings of their view, and all do so as long as that is not known,
// not needed or not enough. Method: groups of some sizes; what all of their nodes decide is put side by side.
#include "bulwark/supervision/core/watch_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <numeric>
#include <vector>

namespace bulwark {
namespace {

using testing::ElementsAre;

using node_list = std::vector<std::uint32_t>;

class watching : public testing::Test {
 protected:
  void apply(const members::command& what) {
    std::vector<membership_change> changes;
    ASSERT_EQ(nodes.apply(what, changes).error, membership_error::none);
  }
  void join(std::uint32_t count) {
    for (std::uint32_t node = 1; node <= count; ++node) apply(members::join{{node, 1}, "", {}});
    size = count;
  }
  [[nodiscard]] node_list peers_of(std::uint32_t self) const {
    node_list peers(size);
    std::iota(peers.begin(), peers.end(), 1u);
    std::erase(peers, self);
    return peers;
  }
  [[nodiscard]] node_list watched(std::uint32_t self, bool leads = false) const {
    return watched_by({self, 1}, peers_of(self), &nodes, leads);
  }

  membership nodes;
  std::uint32_t size = 0;
};

TEST_F(watching, goes_along_the_rings_of_a_larger_group) {
  join(20);
  std::map<std::uint32_t, node_list> observers;
  for (std::uint32_t self = 1; self <= size; ++self)
    for (const auto subject : watched(self)) observers[subject].push_back(self);
  for (std::uint32_t subject = 1; subject <= size; ++subject) {
    auto expected = nodes.observers_of(subject);
    std::ranges::sort(expected);
    EXPECT_EQ(observers[subject], expected);
    EXPECT_EQ(expected.size(), 5u);
  }
}

TEST_F(watching, is_all_to_all_up_to_one_node_more_than_observers) {
  join(6);
  for (std::uint32_t self = 1; self <= size; ++self) EXPECT_EQ(watched(self), peers_of(self));
  apply(members::leave{{3, 1}});
  EXPECT_EQ(watched(1), peers_of(1)) << "so that its return is seen";
}

TEST_F(watching, begins_with_all_peers_while_the_group_is_unknown) {
  join(20);
  EXPECT_EQ(watched_by({1, 1}, peers_of(1), nullptr, false), peers_of(1));
  EXPECT_EQ(watched_by({1, 1}, peers_of(1), &nodes, false).size(), nodes.subjects_of(1).size());
}

TEST_F(watching, is_of_all_peers_as_long_as_the_group_does_not_hold_this_life_for_a_member) {
  join(20);
  EXPECT_EQ(watched_by({1, 2}, peers_of(1), &nodes, false), peers_of(1)) << "it is about to join";
  apply(members::leave{{1, 1}});
  EXPECT_EQ(watched(1), peers_of(1)) << "it was";
  EXPECT_EQ(watched_by({21, 1}, node_list{1, 2, 3, 4, 5, 6}, &nodes, false).size(), 6u) << "it never was";
}

TEST_F(watching, is_of_all_peers_while_the_node_leads) {
  join(20);
  EXPECT_EQ(watched(1, true), peers_of(1));
}

TEST_F(watching, leaves_out_whose_life_is_over) {
  join(20);
  const auto before = watched(1);
  apply(members::leave{{before.front(), 1}});
  const auto after = watched(1);
  EXPECT_FALSE(std::ranges::binary_search(after, before.front()));
}

TEST_F(watching, follows_the_rules) {
  join(20);
  membership_rules rules;
  rules.threshold = 1;
  rules.observers = 19;
  apply(members::set_rules{rules});
  EXPECT_EQ(watched(1), peers_of(1));
  rules.observers = 2;
  apply(members::set_rules{rules});
  std::size_t all = 0;
  for (std::uint32_t self = 1; self <= size; ++self) all += watched(self).size();
  EXPECT_EQ(all, 2u * size);
}

TEST_F(watching, is_of_those_alone_to_whom_there_is_a_link) {
  join(3);
  membership_rules rules;
  rules.threshold = 1;
  rules.observers = 1;
  apply(members::set_rules{rules});
  for (std::uint32_t self = 1; self <= size; ++self)
    for (const auto peer : watched_by({self, 1}, {9, 8}, &nodes, false)) ADD_FAILURE() << peer;
  EXPECT_THAT(watched_by({1, 1}, {9, 8}, nullptr, false), ElementsAre(8u, 9u));
}

}  // namespace
}  // namespace bulwark
