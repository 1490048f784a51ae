// SPDX-License-Identifier: BSD-3-Clause
// Goal: all supervisors of a tree together restart no faster than its rate allows; who comes too soon is
// delayed, never dropped, and pays nothing for waiting.
// Method: edges by hand, random draws against a bucket that is filled and emptied step by step, and random
// crashes in several plans that share one rate.
#include "bulwark/supervision/core/restart_rate.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bulwark/actors/core/random.hpp"
#include "plan_run.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

TEST(restart_rate, a_burst_goes_at_once_and_the_rest_at_the_pace) {
  restart_rate rate{{.burst = 3, .per_second = 10}};
  const instant now{1h};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rate.reserve(now), now);
  EXPECT_EQ(rate.reserve(now), now + 100ms);
  EXPECT_EQ(rate.reserve(now), now + 200ms);
  EXPECT_EQ(rate.reserve(now + 50ms), now + 300ms) << "in the order of asking";
}

TEST(restart_rate, tokens_come_back_up_to_the_burst_and_no_further) {
  restart_rate rate{{.burst = 2, .per_second = 10}};
  const instant now{1h};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(rate.reserve(now), now);
  const auto later = now + 24h;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(rate.reserve(later), later);
  EXPECT_EQ(rate.reserve(later), later + 100ms);
}

/// A bucket as one would draw it: it holds up to `burst` tokens, and owes some when it is below zero.
struct plain_bucket {
  duration interval;
  duration::rep full;  ///< in nanoseconds' worth of tokens, as is `level`
  duration::rep level = full;
  instant seen{};

  instant draw(instant now) {
    level = std::min(full, level + (now - seen).count()) - interval.count();
    seen = now;
    return level < 0 ? now + duration{-level} : now;
  }
};

TEST(restart_rate, does_what_a_bucket_of_tokens_does) {
  random_stream random{11};
  for (int round = 0; round < 200; ++round) {
    const restart_rate_options options{1 + static_cast<std::uint32_t>(random.below(20)),
                                       1 + static_cast<std::uint32_t>(random.below(1000))};
    restart_rate rate{options};
    const duration interval = duration{1s} / options.per_second;
    instant now{1h};
    plain_bucket bucket{.interval = interval, .full = interval.count() * options.burst, .seen = now};
    for (int i = 0; i < 500; ++i) {
      ASSERT_EQ(rate.reserve(now), bucket.draw(now));
      if (random.below(3) > 0)
        now += duration{random.below(static_cast<std::uint64_t>(interval.count()) * 3)};
    }
  }
}

TEST(restart_rate, options_say_what_is_wrong) {
  EXPECT_EQ(restart_rate_options{}.validate(), "");
  EXPECT_NE((restart_rate_options{.burst = 0}.validate()), "");
  EXPECT_NE((restart_rate_options{.per_second = 0}.validate()), "");
}

// -- in plans -------------------------------------------------------------------------------------

using token_source = std::function<instant(instant)>;

/// For all plans that get a copy of it.
token_source shared_rate_of(const restart_rate_options& options) {
  return [rate = std::make_shared<restart_rate>(options)](instant now) { return rate->reserve(now); };
}

token_source one_a_second() { return shared_rate_of({.burst = 1, .per_second = 1}); }

TEST(restart_rate_of_plans, a_restart_without_a_token_waits_for_one) {
  plan_run run{flags_of(restart_strategy::one_for_one), {named("a"), named("b")}, one_a_second()};
  run.begin();
  run.crash("a");
  run.crash("b");
  EXPECT_EQ(run.state("a") + ' ' + run.state("b"), "up waiting");
  run.advance(999ms);
  EXPECT_EQ(run.state("b"), "waiting");
  run.advance(1ms);
  EXPECT_EQ(run.state("b"), "up");
  EXPECT_EQ(run.published.back().t_restart, 1s) << "the wait is part of it";
}

TEST(restart_rate_of_plans, first_starts_and_starts_by_order_need_no_token) {
  plan_run run{flags_of(restart_strategy::one_for_one), {named("a"), named("b"), named("c")}, one_a_second()};
  run.begin();
  EXPECT_EQ(run.state("c"), "up");
  run.crash("a");
  ASSERT_EQ(run.terminate("b"), plan_error::none);
  ASSERT_EQ(run.restart("b"), plan_error::none);
  EXPECT_EQ(run.state("b"), "up");
}

TEST(restart_rate_of_plans, waiting_costs_no_budget) {
  plan_run run{
      flags_of(restart_strategy::one_for_one, 3), {named("a"), named("b"), named("c")}, one_a_second()};
  run.begin();
  for (const auto* id : {"a", "b", "c"}) run.crash(id);
  run.advance(10s);
  EXPECT_EQ(run.why_gave_up, "");
  EXPECT_EQ(run.state("c"), "up");
}

TEST(restart_rate_of_plans, a_child_that_is_terminated_as_it_waits_stays_down) {
  plan_run run{flags_of(restart_strategy::one_for_one), {named("a"), named("b")}, one_a_second()};
  run.begin();
  run.crash("a");
  run.crash("b");
  ASSERT_EQ(run.terminate("b"), plan_error::none);
  run.advance(1min);
  EXPECT_EQ(run.state("b"), "down");
}

TEST(restart_rate_of_plans, a_group_comes_back_in_order_at_the_pace) {
  for (const auto strategy : {restart_strategy::one_for_all, restart_strategy::rest_for_one}) {
    plan_run run{flags_of(strategy), {named("a"), named("b"), named("c")}, one_a_second()};
    run.begin();
    run.orders();
    run.crash("a");
    run.advance(10s);
    EXPECT_THAT(run.orders(),
                testing::ElementsAre("stop c#1", "stop b#1", "start a#2", "start b#2", "start c#2"));
    EXPECT_EQ(run.published.back().t_restart, 2s);
  }
}

TEST(restart_rate_of_plans, a_child_is_not_delayed_twice) {
  plan_run run{flags_of(restart_strategy::one_for_one), {named("a")}, one_a_second()};
  run.begin();
  run.crash("a");
  run.crash("a");  // 50 ms of back-off with jitter, and the token comes after a second
  run.advance(1s);
  EXPECT_EQ(run.state("a"), "up");
}

/// Checks that no window holds more starts than the bucket can give.
void expect_within_rate(const std::vector<instant>& starts, const restart_rate_options& options) {
  const duration interval = duration{1s} / options.per_second;
  for (std::size_t first = 0; first + options.burst < starts.size(); ++first) {
    const auto last = first + options.burst;
    ASSERT_GE(starts[last] - starts[first], interval)
        << "the " << options.burst + 1 << " restarts from the " << first + 1 << ". on came too fast";
  }
  if (starts.size() <= options.burst) return;
  const auto paced = static_cast<duration::rep>(starts.size() - options.burst);
  ASSERT_GE(starts.back() - starts.front(), interval * paced);
}

TEST(restart_rate_of_plans, many_supervisors_in_a_storm_keep_to_one_rate_and_all_come_back) {
  random_stream random{5};
  for (int round = 0; round < 30; ++round) {
    const restart_rate_options options{1 + static_cast<std::uint32_t>(random.below(10)),
                                       1 + static_cast<std::uint32_t>(random.below(50))};
    const auto rate = shared_rate_of(options);
    auto flags = flags_of(restart_strategy::one_for_one, supervisor_flags::unlimited);
    std::deque<plan_run> plans;
    for (int i = 0; i < 5; ++i)
      plans.emplace_back(flags, std::vector{named("a"), named("b"), named("c")}, rate);
    for (auto& run : plans) run.begin();
    for (int step = 0; step < 300; ++step) {
      for (auto& run : plans) run.advance(10ms);
      auto& victim = plans[random.below(plans.size())];
      const std::string id(1, static_cast<char>('a' + random.below(3)));
      if (victim.state(id) == "up") victim.crash(id);
    }
    std::vector<instant> starts;
    for (auto& run : plans) {
      run.advance(10min);
      for (const auto* id : {"a", "b", "c"}) EXPECT_EQ(run.state(id), "up");
      EXPECT_EQ(run.doubled, "");
      for (const auto& event : run.published)
        if (event.kind == event_kind::started && event.generation > 1) starts.push_back(event.at);
    }
    std::ranges::sort(starts);
    ASSERT_GT(starts.size(), 10u);
    expect_within_rate(starts, options);
  }
}

}  // namespace
}  // namespace bulwark
