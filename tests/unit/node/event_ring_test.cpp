// SPDX-License-Identifier: BSD-3-Clause
// Goal: who asks again and again for what is new gets every event once, or learns how many it missed.
// Method: edges by hand; a reader of random patience whose numbers have to add up.
#include "bulwark/node/event_ring.hpp"

#include <gtest/gtest.h>

#include "bulwark/actors/core/random.hpp"

namespace bulwark::node {
namespace {

void push_numbered(event_ring& ring, std::uint64_t number) {
  supervision_event event;
  event.generation = number;
  ring.push(event);
}

TEST(event_ring, without_a_number_it_gives_the_newest) {
  event_ring ring{10};
  EXPECT_TRUE(ring.read({}, 5).events.empty());
  for (std::uint64_t i = 1; i <= 8; ++i) push_numbered(ring, i);
  const auto page = ring.read({}, 3);
  ASSERT_EQ(page.events.size(), 3u);
  EXPECT_EQ(page.events.front().generation, 6u);
  EXPECT_EQ(page.last, 8u);
  EXPECT_EQ(page.lost, 0u);
}

TEST(event_ring, with_a_number_it_goes_on_from_there) {
  event_ring ring{10};
  for (std::uint64_t i = 1; i <= 8; ++i) push_numbered(ring, i);
  const auto page = ring.read(2, 3);
  ASSERT_EQ(page.events.size(), 3u);
  EXPECT_EQ(page.events.front().generation, 3u);
  EXPECT_EQ(page.last, 5u);
  EXPECT_TRUE(ring.read(8, 3).events.empty());
  EXPECT_EQ(ring.read(8, 3).last, 8u);
}

TEST(event_ring, a_number_from_a_former_life_begins_anew) {
  event_ring ring{10};
  push_numbered(ring, 1);
  const auto page = ring.read(500, 10);
  EXPECT_EQ(page.events.size(), 1u);
  EXPECT_EQ(page.last, 1u);
}

TEST(event_ring, a_reader_misses_nothing_without_being_told) {
  random_stream random{9};
  event_ring ring{7};
  std::uint64_t pushed = 0, seen = 0;
  for (int step = 0; step < 10'000; ++step) {
    for (auto count = random.below(12); count > 0; --count) push_numbered(ring, ++pushed);
    const auto page = ring.read(seen, random.below(9));
    seen += page.lost;
    for (const auto& event : page.events) ASSERT_EQ(event.generation, ++seen);
    ASSERT_EQ(page.last, seen);
  }
}

}  // namespace
}  // namespace bulwark::node
