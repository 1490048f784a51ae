// SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever workers do, the table counts each message once and breaks none of its bounds.
// Method: random schedules by seed (joins, leaves, drains, failures, time, reports) against a plain model
// that keeps every message; all policies. After each step the counts of both agree, and so does who had room.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "bulwark/actors/core/random.hpp"
#include "bulwark/actors/core/routing_table.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using verdict = routing_table::verdict;

struct model_meter final : load_meter {
  std::uint64_t done() const noexcept override { return done_; }
  std::uint64_t failed() const noexcept override { return failed_; }
  std::uint64_t done_ = 0, failed_ = 0;
};

struct model_worker {
  std::shared_ptr<model_meter> meter;
  std::uint64_t sent = 0;
  bool present = true;
  bool draining = false;

  [[nodiscard]] std::int64_t in_flight() const {
    return static_cast<std::int64_t>(sent - meter->done_ - meter->failed_);
  }
};

class routing_model : public testing::TestWithParam<const char*> {
 protected:
  static constexpr std::int64_t per_worker = 4, together = 12;

  static routing_rules rules() {
    routing_rules made;
    made.bounds.per_worker = per_worker;
    made.bounds.in_flight = together;
    made.slow_start.window = 5s;
    made.ejection = {.failures = 2, .time = 3s, .time_max = 20s};
    return made;
  }

  void step() {
    now += std::chrono::milliseconds{random.below(700)};
    switch (random.below(12)) {
      case 0: return join();
      case 1:
        return with_any([&](worker_id id, model_worker& one) {
          EXPECT_EQ(table.leave(id), one.present ? one.sent : 0u);
          one.present = false;
        });
      case 2:
        return with_any([&](worker_id id, model_worker& one) {
          one.draining = random.below(2) == 0;
          table.drain(id, one.draining, now);
        });
      case 3: table.tick(now); return;
      case 4:
        return with_any([&](worker_id id, model_worker&) {
          table.report(id, static_cast<std::int64_t>(random.below(9)), now);
        });
      case 5:
      case 6:
      case 7: return with_any([&](worker_id id, model_worker& one) { finish(id, one); });
      default: place();
    }
  }

  void join() {
    if (workers.size() > 200) return;
    auto meter = std::make_shared<model_meter>();
    const auto id = table.join(meter, 0.5 + random.next01(), now);
    EXPECT_FALSE(workers.contains(id)) << "a number used twice";
    workers[id] = {meter};
  }

  template <class Act>
  void with_any(Act act) {
    if (workers.empty()) return;
    auto at = workers.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random.below(workers.size())));
    act(at->first, at->second);
  }

  void finish(worker_id id, model_worker& one) {
    if (one.in_flight() == 0) return;
    if (random.below(3) == 0) {
      ++one.meter->failed_;
      table.failed(id, now);
    } else {
      ++one.meter->done_;
      table.succeeded(id);
    }
  }

  void place() {
    const auto ejected = [&](worker_id id) {
      for (const auto& one : table.workers())
        if (one.id == id) return one.ejected;
      return false;
    };
    const auto usable = [&](const auto& each) {
      return each.second.present && !each.second.draining && (!ejected(each.first) || table.panics());
    };
    const auto has_room = [&](const auto& each) {
      return usable(each) && each.second.in_flight() < per_worker;
    };
    const bool somebody = std::ranges::any_of(workers, usable);
    const bool room = total() < together && std::ranges::any_of(workers, has_room);
    const auto to = table.place(chooser, {.ticket = ticket++, .key = random.below(50)}, now);
    ASSERT_EQ(to.what, !somebody ? verdict::no_worker : (room ? verdict::placed : verdict::full));
    if (to.what != verdict::placed) return;
    const auto at = workers.find(to.id);
    ASSERT_NE(at, workers.end());
    ASSERT_TRUE(has_room(*at)) << "it must not get this";
    ++at->second.sent;
  }

  [[nodiscard]] std::int64_t total() const {
    std::int64_t sum = 0;
    for (const auto& [id, one] : workers) sum += one.in_flight();
    return sum;
  }

  void agree() const {
    routing_counts all;
    for (const auto& [id, one] : workers) {
      all.sent += one.sent;
      all.done += one.meter->done_;
      all.failed += one.meter->failed_;
    }
    ASSERT_EQ(table.totals(), all);
    ASSERT_LE(all.in_flight(), together);
    std::size_t present = 0, out = 0;
    for (const auto& one : table.workers()) {
      const auto& model = workers.at(one.id);
      ASSERT_TRUE(model.present);
      ASSERT_EQ(one.counts.in_flight(), model.in_flight());
      ASSERT_GE(one.load, model.in_flight());
      ASSERT_GT(one.weight, 0);
      ++present;
      out += one.ejected ? 1 : 0;
    }
    const auto members = std::ranges::count_if(workers, [](const auto& each) { return each.second.present; });
    ASSERT_EQ(static_cast<std::ptrdiff_t>(present), members);
    ASSERT_LE(out, std::max<std::size_t>(present, most_present) / 2)
        << "more are ejected than the cap allows";
  }

  routing_table table{rules()};
  any_chooser chooser = make_chooser(*parse_policy(GetParam()));
  random_stream random{0};
  std::map<worker_id, model_worker> workers;
  std::uint64_t ticket = 0;
  std::size_t most_present = 0;  ///< so far: leaving does not end the ejections of others
  instant now{1h};
};

TEST_P(routing_model, counts_and_bounds_hold) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random = random_stream{seed};
    for (int i = 0; i < 600 && !HasFatalFailure(); ++i) {
      step();
      most_present = std::max(most_present, table.workers().size());
      agree();
    }
    if (HasFatalFailure()) return;
    for (auto& [id, one] : workers) {  // all that is left finishes
      while (one.in_flight() > 0) finish(id, one);
      (void)table.leave(id);
      one.present = false;
    }
    agree();
    ASSERT_EQ(table.totals().in_flight(), 0);
    ASSERT_EQ(table.count(), 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(policies, routing_model,
                         testing::Values("p2c", "least_loaded", "weighted:2", "p2c_ewma", "round_robin",
                                         "weighted_round_robin", "random", "least_connections",
                                         "consistent_hash"));

}  // namespace
}  // namespace bulwark
