// SPDX-License-Identifier: BSD-3-Clause
// Goal: what waits at a router is bounded, ordered, and found again exactly once.
// Method: each rule of the line by example; the table of pending answers against a std::map under random use.
#include <gmock/gmock.h>

#include <map>

#include "bulwark/actors/core/delivery_log.hpp"
#include "bulwark/actors/core/pending_table.hpp"
#include "bulwark/actors/core/random.hpp"
#include "bulwark/actors/core/waiting_line.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Optional;

constexpr instant noon{12h};

waiting_line<int> line_of(when_full rule, std::size_t waiting_max = 3) {
  return waiting_line<int>{{.rule = rule, .waiting_max = waiting_max, .waiting_limit = 1s}};
}

TEST(waiting_line, reject_lets_nobody_wait) {
  auto line = line_of(when_full::reject);
  EXPECT_THAT(line.offer(1, 3, noon), Optional(1));
  EXPECT_TRUE(line.empty());
}

TEST(waiting_line, block_refuses_the_last_comer_and_drop_oldest_the_first) {
  auto blocking = line_of(when_full::block);
  auto dropping = line_of(when_full::drop_oldest);
  for (int i = 1; i <= 3; ++i) {
    EXPECT_FALSE(blocking.offer(i, 0, noon));
    EXPECT_FALSE(dropping.offer(i, 0, noon));
  }
  EXPECT_THAT(blocking.offer(4, 3, noon), Optional(4)) << "rank means nothing here";
  EXPECT_THAT(dropping.offer(4, 0, noon), Optional(1));
  EXPECT_THAT(blocking.take_all(), ElementsAre(1, 2, 3));
  EXPECT_THAT(dropping.take_all(), ElementsAre(2, 3, 4));
}

TEST(waiting_line, shedding_keeps_the_more_important_and_serves_them_first) {
  auto line = line_of(when_full::shed_by_priority);
  EXPECT_FALSE(line.offer(10, 1, noon));
  EXPECT_FALSE(line.offer(11, 1, noon));
  EXPECT_FALSE(line.offer(20, 2, noon));
  EXPECT_THAT(line.offer(12, 1, noon), Optional(12)) << "nobody here is less important";
  EXPECT_THAT(line.offer(30, 3, noon), Optional(11)) << "the newest of the least important";
  EXPECT_THAT(line.offer(21, 2, noon), Optional(10));
  EXPECT_THAT(line.offer(31, 200, noon), Optional(21)) << "ranks above 3 count as 3";
  EXPECT_THAT(line.take_all(), ElementsAre(30, 31, 20));
}

TEST(waiting_line, who_waited_too_long_comes_out_and_who_came_back_goes_first) {
  auto line = line_of(when_full::block);
  (void)line.offer(1, 0, noon);
  (void)line.offer(2, 0, noon + 500ms);
  line.put_first(9, 0, noon + 600ms);
  EXPECT_EQ(line.next_deadline(), noon + 1s);
  EXPECT_THAT(line.expire(noon + 1s), ElementsAre(1));
  EXPECT_EQ(line.next_deadline(), noon + 1500ms);
  (void)line.offer(3, 0, noon + 1s);
  line.put_first(8, 0, noon + 1s);
  EXPECT_EQ(line.size(), 4u) << "one more than the bound: it was admitted before";
  EXPECT_THAT(line.offer(4, 0, noon + 1s), Optional(4));
  EXPECT_THAT(line.take_all(), ElementsAre(8, 9, 2, 3));
  EXPECT_FALSE(line.next_deadline());
}

TEST(pending_table, behaves_like_a_map_whose_keys_are_never_reused) {
  pending_table<int> table;
  std::map<std::uint64_t, int> model;
  std::vector<std::uint64_t> ever;
  random_stream random{7};
  for (int step = 0; step < 20'000; ++step) {
    if (ever.empty() || random.below(2) == 0) {
      const auto number = table.put(step);
      ASSERT_NE(number, 0u);
      ASSERT_LT(number, std::uint64_t{1} << 56);
      ASSERT_TRUE(model.emplace(number, step).second) << "in use";
      ever.push_back(number);
    } else {
      const auto number = ever[random.below(ever.size())];
      const auto taken = table.take(number);
      const auto expected = model.find(number);
      ASSERT_EQ(taken.has_value(), expected != model.end());
      if (!taken) continue;
      ASSERT_EQ(*taken, expected->second);
      model.erase(expected);
    }
    ASSERT_EQ(table.size(), model.size());
  }
  EXPECT_EQ(table.numbers_if([](int) { return true; }).size(), model.size());
  for (const auto& [number, value] : model) EXPECT_EQ(*table.find(number), value);
}

TEST(delivery_log, tells_the_first_time_from_the_others_within_its_memory) {
  delivery_log log{2};
  EXPECT_TRUE(log.first_time({"a", 1}));
  EXPECT_FALSE(log.first_time({"a", 1}));
  EXPECT_TRUE(log.first_time({"b", 1}));
  EXPECT_TRUE(log.first_time({"a", 2}));
  EXPECT_EQ(log.size(), 2u);
  EXPECT_TRUE(log.first_time({"a", 1})) << "forgotten";
}

}  // namespace
}  // namespace bulwark
