// SPDX-License-Identifier: BSD-3-Clause
// Goal: every node has exactly k observers (or all others), the load is spread, and the order of arrival does
// not matter.
// Method: rings of several sizes, built in different orders, with nodes that come and go.
#include "bulwark/supervision/core/observer_ring.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <vector>

namespace bulwark {
namespace {

observer_ring ring_of(std::size_t observers, std::vector<std::uint32_t> nodes) {
  observer_ring ring{observers};
  for (const auto node : nodes) ring.insert(node);
  return ring;
}

std::vector<std::uint32_t> first_nodes(std::uint32_t count) {
  std::vector<std::uint32_t> nodes(count);
  std::iota(nodes.begin(), nodes.end(), 1u);
  return nodes;
}

TEST(observer_ring, each_node_has_k_different_observers_or_all_others) {
  for (const std::uint32_t size : {1u, 2u, 3u, 5u, 6u, 7u, 50u, 1000u}) {
    const auto ring = ring_of(5, first_nodes(size));
    for (const auto node : first_nodes(size)) {
      const auto observers = ring.observers_of(node);
      const std::set<std::uint32_t> different(observers.begin(), observers.end());
      EXPECT_EQ(different.size(), std::min<std::size_t>(5, size - 1)) << node << " of " << size;
      EXPECT_EQ(different.size(), observers.size());
      EXPECT_FALSE(different.contains(node));
    }
  }
}

TEST(observer_ring, subjects_are_the_inverse_of_observers) {
  const auto ring = ring_of(5, first_nodes(60));
  std::size_t pairs = 0;
  for (const auto node : first_nodes(60)) {
    for (const auto subject : ring.subjects_of(node)) {
      const auto observers = ring.observers_of(subject);
      EXPECT_NE(std::find(observers.begin(), observers.end(), node), observers.end());
      ++pairs;
    }
  }
  EXPECT_EQ(pairs, 60u * 5);
}

TEST(observer_ring, order_of_arrival_does_not_matter) {
  auto backwards = first_nodes(100);
  std::reverse(backwards.begin(), backwards.end());
  const auto one = ring_of(5, first_nodes(100));
  auto other = ring_of(5, backwards);
  other.insert(500);
  other.insert(7);
  other.erase(500);
  other.erase(501);
  EXPECT_EQ(other.size(), 100u);
  for (const auto node : first_nodes(100)) EXPECT_EQ(one.observers_of(node), other.observers_of(node));
}

TEST(observer_ring, nobody_watches_many_more_than_k) {
  const auto ring = ring_of(5, first_nodes(300));
  for (const auto node : first_nodes(300)) EXPECT_LE(ring.subjects_of(node).size(), 10u);
}

TEST(observer_ring, one_departure_changes_few_observers) {
  auto ring = ring_of(5, first_nodes(200));
  const auto before = ring;
  ring.erase(77);
  std::size_t changed = 0;
  for (const auto node : first_nodes(200))
    if (node != 77 && ring.observers_of(node) != before.observers_of(node)) ++changed;
  EXPECT_LE(changed, 10u);
  EXPECT_TRUE(ring.observers_of(77).empty());
}

TEST(observer_ring, neighbours_in_number_do_not_share_their_observers) {
  // Nodes of one rack tend to have numbers in a row, and to fail together.
  const auto ring = ring_of(5, first_nodes(1000));
  std::size_t watched_by_the_rack = 0;
  for (std::uint32_t node = 1; node <= 40; ++node)
    for (const auto observer : ring.observers_of(node)) watched_by_the_rack += observer <= 40 ? 1 : 0;
  EXPECT_LT(watched_by_the_rack, 40u);  // 8 are expected by chance, 200 if they watched one another
}

}  // namespace
}  // namespace bulwark
