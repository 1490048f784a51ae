// SPDX-License-Identifier: BSD-3-Clause
// Goal: a routing table counts what each worker has, and gives work only to those that may have it.
// Method: meters and moments that the test sets; shares of many choices where chance plays a part.
#include "bulwark/actors/core/routing_table.hpp"

#include <gtest/gtest.h>

#include <map>

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using verdict = routing_table::verdict;

struct test_meter final : load_meter {
  std::uint64_t done() const noexcept override { return done_; }
  std::uint64_t failed() const noexcept override { return failed_; }
  std::int64_t leases() const noexcept override { return leases_; }
  std::int64_t mailbox() const noexcept override { return mailbox_; }
  std::uint64_t done_ = 0, failed_ = 0;
  std::int64_t leases_ = 0, mailbox_ = 0;
};

class routing_table_test : public testing::Test {
 protected:
  void make(routing_rules rules, int workers, routing_policy policy = {routing_kind::least_loaded}) {
    ASSERT_EQ(validate(rules), "");
    table.emplace(rules);
    chooser.emplace(make_chooser(policy));
    for (int i = 0; i < workers; ++i) join();
  }

  worker_id join(double weight = 1) {
    meters.push_back(std::make_shared<test_meter>());
    ids.push_back(table->join(meters.back(), weight, now));
    return ids.back();
  }

  routing_table::placement place() { return table->place(*chooser, {.ticket = ticket++}, now); }

  /// How many of these messages each worker gets, all of them finished at once.
  std::map<worker_id, int> spread(int messages) {
    std::map<worker_id, int> got;
    for (int i = 0; i < messages; ++i) {
      const auto to = place();
      ++got[to.id];
      ++static_cast<test_meter*>(to.meter)->done_;
    }
    return got;
  }

  std::optional<routing_table> table;
  std::optional<any_chooser> chooser;
  std::vector<std::shared_ptr<test_meter>> meters;
  std::vector<worker_id> ids;
  std::uint64_t ticket = 0;
  instant now{1h};
};

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

TEST_F(routing_table_test, a_worker_that_comes_gets_its_share_little_by_little) {
  routing_rules rules;
  rules.slow_start.window = 10s;
  make(rules, 2, {routing_kind::weighted_round_robin});
  EXPECT_TRUE(table->needs_time());
  now += 1min;
  EXPECT_EQ(spread(100)[ids[0]], 50);
  EXPECT_FALSE(table->needs_time());
  const auto fresh = join();
  EXPECT_NEAR(spread(210)[fresh], 10, 1) << "the floor: a tenth of the others";
  now += 5s;
  EXPECT_NEAR(spread(250)[fresh], 50, 1) << "half of the others";
  now += 5s;
  EXPECT_NEAR(spread(300)[fresh], 100, 1);
}

TEST_F(routing_table_test, draining_takes_nothing_new_and_undraining_is_a_new_start) {
  routing_rules rules;
  rules.slow_start.window = 10s;
  make(rules, 2, {routing_kind::weighted_round_robin});
  now += 1min;
  table->drain(ids[0], true, now);
  EXPECT_EQ(spread(50)[ids[0]], 0);
  table->drain(ids[1], true, now);
  EXPECT_EQ(place().what, verdict::no_worker) << "not even when nobody else is there";
  table->drain(ids[0], false, now);
  table->drain(ids[1], false, now - 1s);
  EXPECT_LT(table->weight(0), 1);
}

TEST_F(routing_table_test, a_worker_that_fails_in_a_row_is_out_for_longer_each_time) {
  routing_rules rules;
  rules.ejection = {.failures = 3, .time = 10s, .time_max = 30s};
  make(rules, 4, {routing_kind::round_robin});
  const auto fail = [&](int times) {
    for (int i = 0; i < times; ++i) table->failed(ids[0], now);
  };
  fail(2);
  table->succeeded(ids[0]);
  fail(2);
  EXPECT_GT(spread(40)[ids[0]], 0) << "never three in a row";
  fail(1);
  EXPECT_EQ(spread(40)[ids[0]], 0);
  EXPECT_EQ(table->next_wakeup(), now + 10s);
  now += 10s;
  table->tick(now);
  EXPECT_GT(spread(40)[ids[0]], 0);
  fail(1);  // on probation
  EXPECT_EQ(table->next_wakeup(), now + 20s);
  table->tick(now += 20s);
  fail(1);
  EXPECT_EQ(table->next_wakeup(), now + 30s) << "not above the longest time";
  table->tick(now += 30s);
  table->succeeded(ids[0]);
  fail(3);
  EXPECT_EQ(table->next_wakeup(), now + 10s) << "a success forgives";
}

TEST_F(routing_table_test, not_more_than_a_fraction_is_ejected) {
  routing_rules rules;
  rules.ejection = {.failures = 1, .fraction_max = 0.5, .panic_below = 0};
  make(rules, 4);
  for (const auto id : ids) table->failed(id, now);
  EXPECT_EQ(table->count(), 2u);
  make(rules, 1);
  table->failed(ids.back(), now);
  EXPECT_EQ(table->count(), 1u) << "the last one stays";
}

TEST_F(routing_table_test, in_panic_ejections_do_not_count_and_drains_do) {
  routing_rules rules;
  rules.ejection = {.failures = 1, .fraction_max = 1.0, .panic_below = 0.5};
  make(rules, 4);
  for (int i = 0; i < 2; ++i) table->failed(ids[static_cast<std::size_t>(i)], now);
  EXPECT_EQ(table->count(), 2u);
  EXPECT_FALSE(table->panics());
  table->failed(ids[2], now);
  EXPECT_TRUE(table->panics());
  EXPECT_EQ(table->count(), 4u);
  table->drain(ids[3], true, now);
  EXPECT_EQ(table->count(), 3u);
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
