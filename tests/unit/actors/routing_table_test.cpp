// SPDX-License-Identifier: BSD-3-Clause
// Goal: a routing table counts what each worker has, and gives work only to those that may have it.
// Method: meters and moments that the test sets; shares of many choices where chance plays a part.
#include <memory>

#include "routing_table_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using verdict = routing_table::verdict;

using routing_table_test = routing_table_fixture;

TEST_F(routing_table_test, load_is_what_was_sent_and_not_finished) {
  make({}, 2);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(place().what, verdict::placed);
  EXPECT_EQ(table->load(0), 3);
  meters[0]->done_ = 2;
  meters[0]->failed_ = 1;
  EXPECT_EQ(table->load(0), 0);
  EXPECT_EQ(place().id, ids[0]);
  meters[1]->leases_ = 5;
  meters[1]->mailbox_ = 7;  // four of them from elsewhere
  table->tick(now);
  EXPECT_EQ(table->load(1), 12);
  EXPECT_EQ(table->totals(), (routing_counts{7, 2, 1}));
}

TEST_F(routing_table_test, what_is_sent_beside_the_table_counts_as_well) {
  make({}, 2);
  meters[0]->beside_ = 3;
  EXPECT_EQ(place().id, ids[1]);
  EXPECT_EQ(table->load(0), 3);
  meters[0]->done_ = 3;
  EXPECT_EQ(place().id, ids[0]);
  EXPECT_EQ(table->totals(), (routing_counts{5, 3, 0, 3}));
  meters[0]->beside_ = 5;
  table->leave(ids[0]);
  EXPECT_EQ(table->totals(), (routing_counts{7, 3, 0, 5}));
  meters[0]->done_ = 6;
  table->leave(ids[1]);
  EXPECT_EQ(table->totals(), (routing_counts{7, 6, 0, 5}));
}

TEST_F(routing_table_test, without_workers_there_is_nobody_to_take_it) {
  make({}, 1);
  table->leave(ids[0]);
  EXPECT_EQ(place().what, verdict::no_worker);
  EXPECT_TRUE(table->place_all(now).empty());
  EXPECT_FALSE(table->choose_only(*chooser, {}, now));
}

TEST_F(routing_table_test, what_a_worker_had_when_it_left_stays_counted_until_it_is_finished) {
  make({}, 2);
  for (int i = 0; i < 4; ++i) (void)place();
  table->leave(ids[0]);
  EXPECT_EQ(table->totals(), (routing_counts{4, 0, 0}));
  meters[0]->failed_ = 2;
  EXPECT_EQ(table->totals(), (routing_counts{4, 0, 2}));
  table->leave(ids[1]);
  meters[1]->done_ = 2;
  EXPECT_EQ(table->totals(), (routing_counts{4, 2, 2}));
}

TEST_F(routing_table_test, a_worker_that_left_is_let_go_once_it_has_nothing_in_flight) {
  make({}, 2);
  (void)place();
  (void)place();
  const std::weak_ptr<const load_meter> first{meters[0]};
  table->leave(ids[0]);
  meters[0]->done_ = 1;
  meters[0].reset();
  table->leave(ids[1]);  // when it looks at those that left
  EXPECT_TRUE(first.expired());
  EXPECT_EQ(table->totals(), (routing_counts{2, 1, 0}));
}

TEST_F(routing_table_test, a_full_worker_is_passed_over_whatever_the_policy_says) {
  routing_rules rules;
  rules.bounds.per_worker = 2;
  make(rules, 3, {routing_kind::random});
  for (int i = 0; i < 6; ++i) EXPECT_EQ(place().what, verdict::placed) << i;
  for (const auto& one : table->workers()) EXPECT_EQ(one.counts.in_flight(), 2);
  EXPECT_EQ(place().what, verdict::full);
  meters[1]->failed_ = 1;
  EXPECT_EQ(place().id, ids[1]);
}

TEST_F(routing_table_test, the_bound_of_all_together_counts_those_that_left) {
  routing_rules rules;
  rules.bounds.in_flight = 3;
  make(rules, 2);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(place().what, verdict::placed);
  EXPECT_EQ(place().what, verdict::full);
  table->leave(ids[0]);
  EXPECT_EQ(place().what, verdict::full);
  meters[0]->failed_ = 2;
  EXPECT_EQ(place().what, verdict::placed);
}

TEST_F(routing_table_test, a_reported_load_is_corrected_by_what_passed_since_and_grows_old) {
  make({}, 2);
  (void)place();
  (void)place();                   // one each
  table->report(ids[0], 10, now);  // nine of them from others
  EXPECT_EQ(table->load(0), 10);
  chooser = make_chooser({routing_kind::round_robin});
  (void)place();
  (void)place();
  EXPECT_EQ(table->load(0), 11) << "one more was sent since";
  meters[0]->done_ = 2;
  EXPECT_EQ(table->load(0), 9) << "and two were acknowledged";
  table->report(ids[0], -5, now);
  (void)spread(0);
  (void)place();
  EXPECT_EQ(table->load(0), 1) << "never less than what is in flight";
  table->report(ids[0], 10, now);
  now += 11s;
  table->tick(now);
  EXPECT_EQ(table->load(0), 1) << "too old to be used";
}

TEST_F(routing_table_test, among_those_with_room_the_cheapest_stands_in_for_a_full_one) {
  routing_rules rules;
  rules.bounds.per_worker = 3;
  make(rules, 3, {routing_kind::round_robin});
  for (int i = 0; i < 9; ++i) (void)place();
  meters[1]->done_ = 1;
  meters[2]->done_ = 2;
  EXPECT_EQ(place().id, ids[2]) << "it is the turn of the first, which is full";
}

TEST_F(routing_table_test, messages_of_others_are_seen_with_each_64th_choice) {
  make({}, 2);
  (void)spread(1);
  meters[0]->mailbox_ = 5;
  EXPECT_EQ(spread(63)[ids[0]], 31) << "not looked at yet";
  EXPECT_EQ(spread(64)[ids[0]], 0);
}

TEST_F(routing_table_test, a_fan_out_goes_to_nobody_beyond_the_bound_of_all_together) {
  routing_rules rules;
  rules.bounds.in_flight = 2;
  make(rules, 2);
  EXPECT_EQ(table->place_all(now).size(), 2u);
  EXPECT_TRUE(table->place_all(now).empty());
}

TEST_F(routing_table_test, a_fan_out_goes_to_all_that_have_room) {
  routing_rules rules;
  rules.bounds.per_worker = 1;
  make(rules, 3);
  EXPECT_EQ(table->place_all(now).size(), 3u);
  EXPECT_TRUE(table->place_all(now).empty());
  meters[1]->done_ = 1;
  EXPECT_EQ(table->place_all(now).size(), 1u);
  EXPECT_EQ(table->totals(), (routing_counts{4, 1, 0}));
}

TEST(routing_rules, what_makes_no_sense_is_said) {
  const auto refused = [](auto change) {
    routing_rules rules;
    change(rules);
    return !validate(rules).empty();
  };
  EXPECT_EQ(validate({}), "");
  EXPECT_TRUE(refused([](routing_rules& r) { r.bounds.per_worker = -1; }));
  EXPECT_TRUE(refused([](routing_rules& r) { r.bounds.waiting_max = 0; }));
  EXPECT_TRUE(refused([](routing_rules& r) { r.bounds.waiting_limit = 0s; }));
  EXPECT_TRUE(refused([](routing_rules& r) { r.slow_start.floor = 0; }));
  EXPECT_TRUE(refused([](routing_rules& r) { r.slow_start.aggression = 0; }));
  EXPECT_TRUE(refused([](routing_rules& r) { r.ejection = {.failures = 1, .time = 0s}; }));
  EXPECT_TRUE(refused([](routing_rules& r) { r.ejection.fraction_max = 1.5; }));
  EXPECT_TRUE(refused([](routing_rules& r) { r.report_limit = 0s; }));
}

}  // namespace
}  // namespace bulwark
