// SPDX-License-Identifier: BSD-3-Clause
// Goal: a service begins with the newest state that it can live with, and saves when it is due.
// Method: the pure core, told what happens and at what time.
#include "bulwark/supervision/core/recovery_points.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr instant recovery_start{1h};

/// A service with points 1, 2 and 3.
struct with_three_points : testing::Test {
  recovery_points points{{.every_messages = 2, .keep = 3}, {2, 3, 1}};
  instant now = recovery_start;

  /// One life that ends this long after it began, without a message.
  std::optional<std::uint64_t> crash_after(duration life) {
    const auto began = points.begin(now);
    now += life;
    return points.ended(began.incarnation, now, true);
  }
};

TEST(recovery_points, a_service_without_points_starts_fresh) {
  recovery_points points{{}};
  EXPECT_EQ(points.begin(recovery_start).point, std::nullopt);
}

TEST_F(with_three_points, the_newest_is_restored) { EXPECT_EQ(points.begin(now).point, 3U); }

TEST_F(with_three_points, a_point_that_its_service_cannot_live_with_is_given_up_for_the_one_before) {
  EXPECT_EQ(crash_after(10ms), std::nullopt);
  EXPECT_EQ(crash_after(10ms), 3U);
  EXPECT_EQ(crash_after(10ms), std::nullopt) << "the one before has its own tries";
  EXPECT_EQ(points.begin(now).point, 2U);
}

TEST_F(with_three_points, after_the_last_one_comes_a_fresh_start) {
  for (int crashes = 0; crashes < 6; ++crashes) crash_after(10ms);
  EXPECT_EQ(points.begin(now).point, std::nullopt);
  EXPECT_THAT(points.points(), IsEmpty());
  EXPECT_EQ(points.ended(points.begin(now).incarnation, now, true), std::nullopt)
      << "nothing is left to blame";
}

TEST_F(with_three_points, if_new_ones_could_not_be_written_those_before_are_restored) {
  const auto began = points.begin(now);
  EXPECT_THAT(points.save(began.incarnation)->drop, ElementsAre(1));
  EXPECT_THAT(points.save(began.incarnation)->drop, ElementsAre(2));
  points.exist({1, 2, 3});
  const auto second = points.begin(now);
  EXPECT_EQ(second.point, 3U);
  const auto next = points.save(second.incarnation);
  EXPECT_EQ(next->point, 6U) << "a number is used once";
  EXPECT_THAT(next->drop, ElementsAre(1));
}

TEST_F(with_three_points, one_that_was_given_up_is_not_restored_though_it_is_still_there) {
  crash_after(10ms);
  EXPECT_EQ(crash_after(10ms), 3U);
  points.exist({1, 2, 3});
  EXPECT_EQ(points.begin(now).point, 2U);
}

TEST_F(with_three_points, a_message_that_was_handled_clears_the_point) {
  for (int life = 0; life < 10; ++life) {
    const auto began = points.begin(now);
    EXPECT_FALSE(points.handled(began.incarnation, now));
    EXPECT_EQ(points.ended(began.incarnation, now + 1ms, true), std::nullopt);
  }
  EXPECT_EQ(points.begin(now).point, 3U);
}

TEST_F(with_three_points, a_handled_message_takes_back_earlier_blame) {
  crash_after(10ms);
  const auto began = points.begin(now);
  EXPECT_FALSE(points.handled(began.incarnation, now));
  points.ended(began.incarnation, now, true);
  EXPECT_EQ(crash_after(10ms), std::nullopt) << "the first of two in a row";
}

TEST_F(with_three_points, who_lived_long_enough_does_not_blame_its_point) {
  for (int life = 0; life < 10; ++life) EXPECT_EQ(crash_after(1s + 1ns), std::nullopt);
  EXPECT_EQ(crash_after(1s), std::nullopt);
  EXPECT_EQ(crash_after(1s), 3U) << "the limit itself is not long enough";
}

TEST_F(with_three_points, an_orderly_end_blames_nothing) {
  for (int life = 0; life < 10; ++life)
    EXPECT_EQ(points.ended(points.begin(now).incarnation, now, false), std::nullopt);
}

TEST_F(with_three_points, who_is_replaced_before_it_ends_has_failed) {
  points.begin(now);
  EXPECT_EQ(points.begin(now + 1ms).given_up, std::nullopt);
  const auto third = points.begin(now + 2ms);
  EXPECT_EQ(third.given_up, 3U);
  EXPECT_EQ(third.point, 2U);
}

TEST_F(with_three_points, a_point_that_cannot_be_read_is_skipped_at_once) {
  auto began = points.begin(now);
  began = points.refuse(began.incarnation, now);
  EXPECT_EQ(began.point, 2U);
  began = points.refuse(began.incarnation, now);
  began = points.refuse(began.incarnation, now);
  EXPECT_EQ(began.point, std::nullopt);
  EXPECT_EQ(points.refuse(began.incarnation, now).point, std::nullopt);
}

TEST_F(with_three_points, a_replaced_incarnation_has_no_say) {
  const auto old = points.begin(now).incarnation;
  const auto next = points.begin(now).incarnation;
  EXPECT_FALSE(points.save(old).has_value());
  EXPECT_FALSE(points.handled(old, now));
  EXPECT_FALSE(points.handled(old, now)) << "two messages are due to be saved, but not its";
  EXPECT_EQ(points.ended(old, now, true), std::nullopt);
  EXPECT_TRUE(points.save(next).has_value());
  EXPECT_EQ(points.refuse(old, now).point, std::nullopt);
  EXPECT_THAT(points.points(), ElementsAre(2, 3, 4));
}

TEST_F(with_three_points, nobody_saves_after_its_end) {
  const auto began = points.begin(now).incarnation;
  points.ended(began, now, false);
  EXPECT_FALSE(points.save(began).has_value());
  EXPECT_FALSE(points.handled(began, now));
}

TEST_F(with_three_points, the_oldest_goes_when_there_are_too_many) {
  const auto began = points.begin(now).incarnation;
  const auto saved = points.save(began);
  ASSERT_TRUE(saved.has_value());
  EXPECT_EQ(saved->point, 4U);
  EXPECT_THAT(saved->drop, ElementsAre(1));
  EXPECT_THAT(points.points(), ElementsAre(2, 3, 4));
}

TEST_F(with_three_points, a_number_that_was_given_up_is_not_used_again) {
  crash_after(1ms);
  crash_after(1ms);
  EXPECT_EQ(points.save(points.begin(now).incarnation)->point, 4U);
}

TEST_F(with_three_points, a_save_is_due_after_so_many_messages) {
  const auto began = points.begin(now).incarnation;
  EXPECT_FALSE(points.handled(began, now));
  EXPECT_TRUE(points.handled(began, now));
  EXPECT_TRUE(points.handled(began, now)) << "it stays due";
  EXPECT_EQ(points.unsaved(), 3U);
  EXPECT_TRUE(points.save(began));
  EXPECT_EQ(points.unsaved(), 0U);
  EXPECT_FALSE(points.handled(began, now));
  EXPECT_EQ(points.due(), std::nullopt) << "time does not matter here";
}

TEST(recovery_points, a_save_is_due_some_time_after_the_first_unsaved_message) {
  recovery_points points{{.every = 10s}};
  const auto began = points.begin(recovery_start).incarnation;
  EXPECT_EQ(points.due(), std::nullopt);
  EXPECT_FALSE(points.handled(began, recovery_start + 1s));
  EXPECT_FALSE(points.handled(began, recovery_start + 2s));
  EXPECT_EQ(points.due(), recovery_start + 11s);
  EXPECT_TRUE(points.handled(began, recovery_start + 11s));
  EXPECT_TRUE(points.save(began));
  EXPECT_EQ(points.due(), std::nullopt);
  EXPECT_FALSE(points.handled(began, recovery_start + 12s));
  points.ended(began, recovery_start + 13s, true);
  EXPECT_EQ(points.due(), std::nullopt) << "there is nobody to save";
}

TEST(recovery_rules, say_what_was_expected) {
  EXPECT_EQ(recovery_rules{}.validate(), "");
  EXPECT_THAT(recovery_rules{.keep = 0}.validate(), testing::HasSubstr("expected at least one point"));
  EXPECT_THAT(recovery_rules{.tries = 0}.validate(), testing::HasSubstr("expected at least 1"));
  EXPECT_THAT(recovery_rules{.every = -1s}.validate(), testing::HasSubstr("expected a time"));
  EXPECT_THAT(recovery_rules{.trusted_after = -1s}.validate(), testing::HasSubstr("expected a time"));
}

}  // namespace
}  // namespace bulwark
