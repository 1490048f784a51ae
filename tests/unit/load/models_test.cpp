// SPDX-License-Identifier: BSD-3-Clause
// Goal: the models accept every history that a linearizable store can produce, and find each kind of broken
// promise. Method: histories by hand, one per rule; and random histories of an exact store, where writes of
// unknown outcome take effect late or never.
#include "bulwark/load/models.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace bulwark::load {
namespace {

std::optional<fault_kind> kind_of(const std::optional<violation>& found) {
  if (!found) return std::nullopt;
  return found->kind;
}

void write(register_model& model, outcome what) { EXPECT_FALSE(model.end_write(model.begin_write(), what)); }

TEST(register_model, an_acknowledged_write_must_be_seen) {
  register_model model;
  write(model, outcome::done);
  write(model, outcome::done);
  EXPECT_EQ(kind_of(model.end_read(model.begin_read(), 1)), fault_kind::lost);
  EXPECT_EQ(kind_of(model.end_read(model.begin_read(), 0)), fault_kind::lost);
  EXPECT_FALSE(model.end_read(model.begin_read(), 2));
}

TEST(register_model, a_read_that_began_before_the_acknowledgement_may_miss_it) {
  register_model model;
  write(model, outcome::done);
  const auto early = model.begin_read();
  write(model, outcome::done);
  EXPECT_FALSE(model.end_read(early, 1));
}

TEST(register_model, reads_do_not_go_back_behind_a_value_in_flight_once_read) {
  register_model model;
  write(model, outcome::done);
  const auto value = model.begin_write();
  EXPECT_FALSE(model.end_read(model.begin_read(), value));
  EXPECT_EQ(kind_of(model.end_read(model.begin_read(), 1)), fault_kind::lost);
}

TEST(register_model, a_write_of_unknown_outcome_may_take_effect_late_or_never) {
  register_model model;
  write(model, outcome::unknown);
  EXPECT_FALSE(model.end_read(model.begin_read(), 0));
  write(model, outcome::done);
  EXPECT_FALSE(model.end_read(model.begin_read(), 2));
  EXPECT_FALSE(model.end_read(model.begin_read(), 1));
}

TEST(register_model, a_refused_write_must_never_be_seen) {
  register_model model;
  write(model, outcome::refused);
  EXPECT_EQ(kind_of(model.end_read(model.begin_read(), 1)), fault_kind::phantom);
  const auto value = model.begin_write();
  EXPECT_FALSE(model.end_read(model.begin_read(), value));
  EXPECT_EQ(kind_of(model.end_write(value, outcome::refused)), fault_kind::phantom);
  EXPECT_EQ(kind_of(model.end_read(model.begin_read(), 9)), fault_kind::phantom);
}

TEST(register_model, one_loss_is_reported_once) {
  register_model model;
  write(model, outcome::done);
  write(model, outcome::done);
  EXPECT_TRUE(model.end_read(model.begin_read(), 0));
  model.accept_loss(0);
  EXPECT_FALSE(model.end_read(model.begin_read(), 0));
}

TEST(counter_model, stays_between_acknowledged_and_attempted) {
  counter_model model;
  EXPECT_FALSE(model.end_increment(model.begin_increment(), outcome::done, 1));
  EXPECT_FALSE(model.end_increment(model.begin_increment(), outcome::unknown, 0));
  EXPECT_FALSE(model.end_increment(model.begin_increment(), outcome::refused, 0));
  EXPECT_FALSE(model.end_read(model.begin_read(), 1));
  EXPECT_FALSE(model.end_read(model.begin_read(), 2));
  EXPECT_EQ(kind_of(model.end_read(model.begin_read(), 3)), fault_kind::torn);
  EXPECT_EQ(kind_of(model.end_read(model.begin_read(), 1)), fault_kind::lost);
}

TEST(counter_model, two_increments_never_have_the_same_result) {
  counter_model model;
  const auto one = model.begin_increment();
  const auto other = model.begin_increment();
  EXPECT_FALSE(model.end_increment(one, outcome::done, 1));
  EXPECT_EQ(kind_of(model.end_increment(other, outcome::done, 1)), fault_kind::torn);
}

TEST(counter_model, tells_how_many_increments_are_lost) {
  counter_model model;
  for (std::uint64_t i = 1; i <= 10; ++i)
    EXPECT_FALSE(model.end_increment(model.begin_increment(), outcome::done, i));
  const auto found = model.end_read(model.begin_read(), 7);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->count, 3U);
  model.accept_loss(7);
  EXPECT_FALSE(model.end_read(model.begin_read(), 7));
  EXPECT_FALSE(model.end_increment(model.begin_increment(), outcome::done, 8));
}

TEST(chain_model, every_acknowledged_link_lies_on_the_way) {
  chain_model model;
  const auto first = model.begin_link(0);
  EXPECT_FALSE(model.end_link(first, outcome::done, true));
  const auto second = model.begin_link(first);
  EXPECT_FALSE(model.end_link(second, outcome::unknown, false));
  const auto third = model.begin_link(second);
  EXPECT_FALSE(model.end_link(third, outcome::done, true));
  EXPECT_FALSE(model.end_read(model.begin_read(), third));
  const auto missed = model.end_read(model.begin_read(), first);
  ASSERT_TRUE(missed);
  EXPECT_EQ(missed->kind, fault_kind::lost);
  EXPECT_EQ(missed->count, 1U);
  model.accept_loss(first);
  EXPECT_FALSE(model.end_read(model.begin_read(), first));
}

TEST(chain_model, a_failed_link_is_never_passed) {
  chain_model model;
  const auto failed = model.begin_link(0);
  EXPECT_FALSE(model.end_link(failed, outcome::done, false));
  EXPECT_EQ(kind_of(model.end_read(model.begin_read(), failed)), fault_kind::phantom);
  EXPECT_EQ(kind_of(model.end_read(model.begin_read(), 77)), fault_kind::phantom);
}

TEST(chain_model, a_value_is_replaced_once) {
  chain_model model;
  const auto one = model.begin_link(0);
  const auto other = model.begin_link(0);
  EXPECT_FALSE(model.end_link(one, outcome::done, true));
  EXPECT_EQ(kind_of(model.end_link(other, outcome::done, true)), fault_kind::torn);
}

TEST(models, no_history_of_an_exact_store_is_accused) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    register_model registers;
    counter_model counters;
    std::uint64_t value = 0;
    std::uint64_t count = 0;
    std::vector<std::uint64_t> late_writes;
    std::uint64_t late_increments = 0;
    for (int step = 0; step < 300; ++step) {
      const auto what = static_cast<outcome>(random() % 3);
      const auto early = registers.begin_read();
      const auto before = value;
      const auto written = registers.begin_write();
      if (what == outcome::done) value = written;
      if (what == outcome::unknown) late_writes.push_back(written);
      EXPECT_FALSE(registers.end_write(written, what)) << "seed " << seed;
      if (!late_writes.empty() && random() % 4 == 0) {
        value = late_writes.back();
        late_writes.pop_back();
      }
      EXPECT_FALSE(registers.end_read(registers.begin_read(), value)) << "seed " << seed;
      EXPECT_FALSE(registers.end_read(early, before)) << "seed " << seed;

      const auto token = counters.begin_increment();
      if (what == outcome::done) ++count;
      if (what == outcome::unknown) ++late_increments;
      EXPECT_FALSE(counters.end_increment(token, what, count)) << "seed " << seed;
      if (late_increments > 0 && random() % 4 == 0) {
        --late_increments;
        ++count;
      }
      EXPECT_FALSE(counters.end_read(counters.begin_read(), count)) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace bulwark::load
