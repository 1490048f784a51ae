// SPDX-License-Identifier: BSD-3-Clause
// Goal: nobody is stopped who has something to do or could get something, and the size is what was decided.
// Method: each rule by views made by hand; all of them together against a pool that does as it is told, by
// seed.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "quick_pool_rules.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using condition = pool_worker::condition;

std::string line_of(const pool_plan::start_worker&) { return "start"; }
std::string line_of(const pool_plan::drain& what) { return "drain " + what.id; }
std::string line_of(const pool_plan::undrain& what) { return "undrain " + what.id; }
std::string line_of(const pool_plan::stop_worker& what) { return "stop " + what.id; }
std::string line_of(const pool_plan::ready&) { return "ready"; }
std::string line_of(const pool_plan::resized& what) {
  return std::to_string(what.from) + " to " + std::to_string(what.to) + " " +
         what.why.substr(0, what.why.find(':'));
}

class pool_plan_test : public testing::Test {
 protected:
  void begin(std::size_t workers, const pool_rules& rules = quick_pool_rules()) {
    plan.emplace(rules);
    view = {};
    view.at = instant{12h};
    for (std::size_t i = 1; i <= workers; ++i) join(condition::up);
  }

  pool_worker& join(condition is) {
    view.workers.push_back(
        {.id = "w" + std::to_string(view.workers.size() + 1), .is = is, .in_router = is == condition::up});
    return view.workers.back();
  }

  pool_worker& worker(const char* id) {
    return *std::ranges::find(view.workers, std::string{id}, &pool_worker::id);
  }

  /// What the views of so many seconds bring. Drains are done, so that one can look at what they lead to.
  std::vector<std::string> give(int seconds) {
    std::vector<std::string> lines;
    for (int i = 0; i < seconds; ++i) {
      view.at += 1s;
      std::vector<pool_plan::effect> effects;
      plan->step(view, view.at, effects);
      for (const auto& effect : effects) {
        lines.push_back(std::visit([](const auto& what) { return line_of(what); }, effect));
        if (const auto* drain = std::get_if<pool_plan::drain>(&effect))
          worker(drain->id.c_str()).draining = true;
        if (const auto* back = std::get_if<pool_plan::undrain>(&effect))
          worker(back->id.c_str()).draining = false;
      }
    }
    return lines;
  }

  std::optional<pool_plan> plan;
  pool_view view;
};

TEST_F(pool_plan_test, begins_with_the_fewest_and_is_ready_when_they_are_up) {
  begin(0);
  EXPECT_THAT(give(1), ElementsAre("start", "start", "0 to 2 too few"));
  join(condition::coming);
  join(condition::up);
  EXPECT_THAT(give(3), IsEmpty());
  view.workers[0].is = condition::up;
  EXPECT_THAT(give(3), ElementsAre("ready"));
}

TEST_F(pool_plan_test, what_waits_and_what_is_refused_since_counts) {
  begin(2);
  view.waiting = 3;
  view.rejected = 100;
  EXPECT_THAT(give(1), ElementsAre("ready")) << "what was refused before counts for nothing";
  view.rejected = 101;
  EXPECT_THAT(give(1), ElementsAre("start", "start", "2 to 4 pressure"));
  EXPECT_THAT(give(9), IsEmpty()) << "each counts once";
}

TEST_F(pool_plan_test, messages_and_leases_at_workers_count) {
  begin(2);
  give(1);
  worker("w1").in_flight = 3;
  worker("w2").leases = 1;
  EXPECT_THAT(give(1), ElementsAre("start", "start", "2 to 4 pressure"));
}

TEST_F(pool_plan_test, a_worker_drains_first_and_is_stopped_when_it_has_nothing) {
  begin(3);
  worker("w3").in_flight = 1;
  worker("w2").leases = 1;
  worker("w1").in_flight = 0;
  view.workers.back().in_flight = 1;
  EXPECT_THAT(give(11), ElementsAre("ready", "drain w1", "3 to 2 quiet"));
  worker("w1").in_flight = 1;
  EXPECT_THAT(give(5), IsEmpty());
  worker("w1").in_flight = 0;
  worker("w1").leases = 1;
  EXPECT_THAT(give(5), IsEmpty());
  worker("w1").leases = 0;
  EXPECT_THAT(give(1), ElementsAre("stop w1"));
  worker("w1").is = condition::leaving;
  EXPECT_THAT(give(5), IsEmpty());
}

TEST_F(pool_plan_test, ejected_ones_go_first_then_the_idle_then_the_youngest) {
  begin(6);
  worker("w6").leases = 1;
  worker("w4").in_flight = 1;
  worker("w2").ejected = true;
  worker("w2").in_flight = 1;
  EXPECT_THAT(give(11), ElementsAre("ready", "drain w2", "drain w5", "6 to 4 quiet"));
}

TEST_F(pool_plan_test, who_is_on_the_way_out_is_taken_back_before_others_are_started) {
  begin(4);
  EXPECT_THAT(give(11), ElementsAre("ready", "drain w4", "drain w3", "4 to 2 quiet"));
  worker("w3").in_flight = worker("w4").in_flight = 1;
  view.waiting = 6;
  EXPECT_THAT(give(1), ElementsAre("undrain w3", "undrain w4", "2 to 4 pressure"));
  view.waiting = 20;
  EXPECT_THAT(give(1), ElementsAre("start", "start", "4 to 6 pressure"));
  EXPECT_THAT(plan->retiring(), IsEmpty());
}

TEST_F(pool_plan_test, who_does_not_finish_in_time_is_put_back) {
  begin(3);
  EXPECT_THAT(give(11), ElementsAre("ready", "drain w3", "3 to 2 quiet"));
  worker("w3").in_flight = 1;
  EXPECT_THAT(give(29), IsEmpty());
  EXPECT_THAT(give(1), ElementsAre("undrain w3", "2 to 3 not finished within 30000 ms"));
  EXPECT_THAT(give(9), IsEmpty()) << "a whole window again, which this view begins";
  EXPECT_THAT(give(1), ElementsAre("drain w2", "3 to 2 quiet"));
}

TEST_F(pool_plan_test, who_does_not_finish_in_time_is_stopped_if_the_rules_say_so) {
  auto rules = quick_pool_rules();
  rules.stops_busy = true;
  begin(3, rules);
  give(11);
  worker("w3").in_flight = 1;
  EXPECT_THAT(give(29), IsEmpty());
  EXPECT_THAT(give(1), ElementsAre("stop w3"));
}

TEST_F(pool_plan_test, the_successor_of_one_that_ended_meanwhile_drains_in_its_place) {
  begin(3);
  give(11);
  auto& one = worker("w3");
  one.is = condition::coming;
  one.in_router = one.draining = false;
  EXPECT_THAT(give(2), IsEmpty()) << "it may come up at any moment";
  one.is = condition::up;
  one.in_router = true;
  one.in_flight = 1;
  EXPECT_THAT(give(1), ElementsAre("drain w3"));
  EXPECT_THAT(give(1), IsEmpty());
  one.in_flight = 0;
  EXPECT_THAT(give(1), ElementsAre("stop w3"));
}

TEST_F(pool_plan_test, one_that_ended_and_does_not_come_back_is_no_longer_on_the_way_out) {
  begin(3);
  give(11);
  worker("w3").is = condition::parked;
  worker("w3").in_router = false;
  EXPECT_THAT(give(30), ElementsAre("2 to 3 not finished within 30000 ms"));
  begin(3);
  give(11);
  view.workers.pop_back();
  EXPECT_THAT(give(30), IsEmpty());
  EXPECT_THAT(plan->retiring(), IsEmpty());
}

TEST_F(pool_plan_test, crashed_workers_that_come_back_are_no_matter_of_size) {
  begin(3);
  for (auto& one : view.workers) one.in_flight = 1;
  EXPECT_THAT(give(1), ElementsAre("ready"));
  worker("w2").is = condition::coming;
  worker("w2").in_router = false;
  EXPECT_THAT(give(20), IsEmpty());
}

TEST_F(pool_plan_test, those_that_are_gone_for_good_are_replaced_up_to_the_fewest) {
  begin(2);
  give(1);
  view.workers.pop_back();
  EXPECT_THAT(give(1), ElementsAre("start", "1 to 2 too few"));
}

TEST_F(pool_plan_test, parked_and_ejected_ones_are_no_capacity) {
  begin(4);
  worker("w1").ejected = true;
  worker("w2").is = condition::parked;
  worker("w2").in_router = false;
  worker("w3").in_flight = worker("w4").in_flight = 2;
  EXPECT_THAT(give(1), ElementsAre("ready", "start", "start", "4 to 6 pressure"));
}

TEST_F(pool_plan_test, whom_somebody_else_drains_is_left_alone_and_replaced) {
  begin(3);
  give(1);
  worker("w1").draining = worker("w2").draining = true;
  EXPECT_THAT(give(1), ElementsAre("start", "1 to 2 too few"));
  join(condition::up);
  EXPECT_THAT(give(100), IsEmpty());
}

TEST_F(pool_plan_test, only_those_that_serve_can_go) {
  begin(0);
  for (int i = 0; i < 3; ++i) join(condition::coming);
  join(condition::up);
  EXPECT_THAT(give(11), ElementsAre("drain w4", "4 to 3 quiet"));
}

TEST_F(pool_plan_test, old_views_change_nothing) {
  begin(0);
  std::vector<pool_plan::effect> effects;
  plan->step(view, view.at + 3001ms, effects);
  EXPECT_THAT(effects, IsEmpty());
  plan->step(view, view.at + 3s, effects);
  EXPECT_FALSE(effects.empty());
  effects.clear();
  view.at -= 1ns;
  plan->step(view, view.at, effects);
  EXPECT_THAT(effects, IsEmpty()) << "it was overtaken";
  begin(3);
  EXPECT_THAT(give(11), ElementsAre("ready", "drain w3", "3 to 2 quiet"));
  plan->step(view, view.at + 3001ms, effects);
  EXPECT_THAT(effects, IsEmpty()) << "who was idle then may not be idle now";
}

TEST_F(pool_plan_test, tells_what_it_went_by) {
  begin(2);
  view.waiting = 4;
  view.at += 1s;
  std::vector<pool_plan::effect> effects;
  plan->step(view, view.at, effects);
  EXPECT_EQ(std::get<pool_plan::resized>(effects.back()).why,
            "pressure: 0 in flight, 0 leases, 4 waiting, 0 refused");
}

TEST(pool_rules, that_make_no_sense_are_refused) {
  pool_rules rules;
  EXPECT_EQ(rules.validate(), "");
  rules.size.min = 0;
  EXPECT_THAT(rules.validate(), HasSubstr("expected a `min`"));
  rules.size.min = 1;
  rules.drain_limit = 0s;
  EXPECT_THAT(rules.validate(), HasSubstr("drain_limit"));
}

}  // namespace
}  // namespace bulwark
