// SPDX-License-Identifier: BSD-3-Clause
// Goal: a subscriber that is slow loses the oldest events only, and learns exactly how many.
// Method: by hand, and a random sequence in which what was lost and what was taken has to add up.
#include "bulwark/supervision/core/event_queue.hpp"

#include <gtest/gtest.h>

#include "bulwark/actors/core/random.hpp"

namespace bulwark {
namespace {

supervision_event numbered(std::uint64_t number) {
  supervision_event event;
  event.generation = number;
  return event;
}

TEST(event_queue, gives_the_oldest_first_and_no_more_than_asked_for) {
  event_queue queue{10};
  for (std::uint64_t i = 1; i <= 3; ++i) queue.push(numbered(i));
  const auto first = queue.take(2);
  EXPECT_EQ(first.lost, 0u);
  ASSERT_EQ(first.events.size(), 2u);
  EXPECT_EQ(first.events[0].generation, 1u);
  EXPECT_EQ(first.events[1].generation, 2u);
  EXPECT_EQ(queue.take(2).events.size(), 1u);
  EXPECT_TRUE(queue.take(2).empty());
}

TEST(event_queue, without_room_the_oldest_are_lost_and_counted_once) {
  event_queue queue{2};
  for (std::uint64_t i = 1; i <= 5; ++i) queue.push(numbered(i));
  const auto batch = queue.take(10);
  EXPECT_EQ(batch.lost, 3u);
  ASSERT_EQ(batch.events.size(), 2u);
  EXPECT_EQ(batch.events[0].generation, 4u);
  queue.push(numbered(6));
  EXPECT_EQ(queue.take(10).lost, 0u);
}

TEST(event_queue, numbers_of_what_was_lost_and_taken_leave_no_gap) {
  random_stream random{7};
  event_queue queue{5};
  std::uint64_t pushed = 0, seen = 0;
  for (int step = 0; step < 10'000; ++step) {
    for (auto count = random.below(9); count > 0; --count) queue.push(numbered(++pushed));
    ASSERT_LE(queue.size(), 5u);
    const auto batch = queue.take(random.below(6));
    seen += batch.lost;
    for (const auto& event : batch.events) ASSERT_EQ(event.generation, ++seen);
  }
}

}  // namespace
}  // namespace bulwark
