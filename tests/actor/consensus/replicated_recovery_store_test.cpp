// SPDX-License-Identifier: BSD-3-Clause
// Goal: the recovery points of a service are there on every member, survive the one that wrote them, and say
// so when
//       they could not be kept.
// Method: the state alone; then three members over loopback, one of which is stopped after it has written.
#include "bulwark/consensus/replicated_recovery_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bulwark/supervision/recovery.hpp"
#include "three_stations.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(recovery_shelves, keep_points_apart_by_shelf_and_forget_what_they_replace) {
  recovery_shelves state;
  state.apply(keep_point{"a", 1, "one", {}});
  state.apply(keep_point{"a", 2, "two", {}});
  state.apply(keep_point{"b", 1, "other", {}});
  state.apply(keep_point{"a", 3, "three", {1}});
  EXPECT_THAT(state.answer(list_points{"a"}).all, ElementsAre(2, 3));
  EXPECT_EQ(state.answer(read_point{"a", 3}).bytes, "three");
  EXPECT_FALSE(state.answer(read_point{"a", 1}).there);
  EXPECT_TRUE(state.answer(read_point{"b", 1}).there);
  EXPECT_THAT(state.answer(list_points{"c"}).all, IsEmpty());
}

TEST(recovery_shelves, set_one_point_of_a_shelf_aside) {
  recovery_shelves state;
  state.apply(keep_point{"a", 1, "one", {}});
  state.apply(keep_point{"a", 2, "two", {}});
  EXPECT_TRUE(state.apply(set_point_aside{"a", 1}));
  EXPECT_TRUE(state.apply(set_point_aside{"a", 2}));
  EXPECT_FALSE(state.apply(set_point_aside{"a", 2}));
  EXPECT_THAT(state.answer(list_points{"a"}).all, IsEmpty());
  EXPECT_EQ(state.aside.at("a").second, "two");
}

TEST(recovery_shelves, refuse_what_no_log_should_carry) {
  recovery_shelves state;
  EXPECT_THROW(state.apply(keep_point{"a", 1, std::string(recovery_shelves::point_bytes_max + 1, 'x'), {}}),
               std::length_error);
}

TEST(recovery_shelves, take_what_is_as_large_as_it_may_be_and_replaces_one_of_its_own_number) {
  recovery_shelves state;
  state.apply(keep_point{"a", 1, std::string(recovery_shelves::point_bytes_max, 'x'), {}});
  EXPECT_TRUE(state.answer(read_point{"a", 1}).there);
  state.apply(keep_point{"a", 1, "one", {1}});
  EXPECT_EQ(state.answer(read_point{"a", 1}).bytes, "one");
}

class replicated_points : public three_stations<recovery_shelves> {
 protected:
  std::shared_ptr<recovery_store> store_at(std::uint32_t number, duration patience = 20s) {
    return make_replicated_recovery_store(at(number).system, at(number).service.ref(), "tally", patience);
  }
};

TEST_F(replicated_points, of_a_member_that_is_lost_are_there_at_another) {
  const auto instant_of_crash = std::chrono::steady_clock::now();
  {
    const auto points = make_recovery({.store = store_at(1)});
    const auto life = points->begin(instant_of_crash);
    EXPECT_FALSE(life.state.has_value());
    points->save(life.incarnation, "the first", instant_of_crash);
    points->save(life.incarnation, "the second", instant_of_crash);
    EXPECT_TRUE(points->flush(instant_of_crash));
  }
  stop(1);
  const auto points = make_recovery({.store = store_at(2)});
  const auto life = points->begin(instant_of_crash);
  ASSERT_TRUE(life.state.has_value());
  EXPECT_EQ(*life.state, "the second");
}

TEST_F(replicated_points, that_cannot_be_kept_are_told_and_those_they_were_to_replace_are_there_again) {
  leader_seen_by(1);  // the patience below is not meant for a first election
  const auto store = store_at(1, 300ms);
  store->write(1, "kept", {});
  store->flush();
  store->write(2, std::string(recovery_shelves::point_bytes_max + 1, 'x'), {1});
  EXPECT_THROW(store->flush(), std::runtime_error);
  EXPECT_THAT(store->numbers(), ElementsAre(1));
  EXPECT_EQ(store->read(1), "kept");
  stop(2);
  stop(3);
  store->write(3, "nobody hears", {1});
  EXPECT_THROW(store->flush(), std::runtime_error);
  EXPECT_THAT(store->numbers(), ElementsAre(1));
  EXPECT_EQ(store->lost().number, 0u) << "flush has told it";
}

TEST_F(replicated_points, that_are_lost_do_not_come_back_when_what_was_to_replace_them_is_lost_too) {
  leader_seen_by(1);
  const auto store = store_at(1, 300ms);
  store->write(1, "kept", {});
  store->flush();
  const std::string too_large(recovery_shelves::point_bytes_max + 1, 'x');
  store->write(2, too_large, {1});
  store->write(3, too_large, {2});
  EXPECT_THROW(store->flush(), std::runtime_error);
  EXPECT_THAT(store->numbers(), ElementsAre(1));
}

TEST_F(replicated_points, that_are_replaced_are_gone_at_the_other_members_too) {
  {
    const auto store = store_at(1);
    store->write(1, "one", {});
    store->write(2, "two", {1});  // ends only when both are kept
  }
  EXPECT_THAT(store_at(2)->numbers(), ElementsAre(2));
}

TEST_F(replicated_points, set_aside_are_gone_for_the_next_owner) {
  {
    const auto store = store_at(1);
    store->write(1, "good", {});
    store->write(2, "bad", {});
    store->set_aside(2);
    EXPECT_EQ(store->read(2), std::nullopt) << "at once";
    store->flush();
  }
  const auto store = store_at(3);
  EXPECT_THAT(store->numbers(), ElementsAre(1));
  EXPECT_EQ(store->read(1), "good");
  EXPECT_EQ(store->read(2), std::nullopt);
}

}  // namespace
}  // namespace bulwark::test
