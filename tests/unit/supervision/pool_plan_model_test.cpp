// SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever happens in a pool, nobody is stopped who could have something to do, and it comes to rest.
// Method: a pool that does as the plan tells it, in which workers crash and load comes and goes, by seed.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bulwark/actors/core/random.hpp"
#include "quick_pool_rules.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using condition = pool_worker::condition;

/// A pool that does as it is told; what happens in it is chosen by the seed.
class imagined_pool {
 public:
  explicit imagined_pool(std::uint64_t seed) : random_{seed} {}

  void step() {
    now_ += 1s;
    live();
    auto view = pool_view{.at = now_ - 1ms * random_.below(4000), .workers = workers_, .waiting = waiting_};
    std::vector<pool_plan::effect> effects;
    const auto retiring = plan_.retiring();
    plan_.step(view, now_, effects);
    for (const auto& effect : effects) std::visit([&](const auto& what) { perform(what, retiring); }, effect);
    ASSERT_LE(workers_.size(), rules_.size.max);
  }

  void settle() {
    quiet_ = true;
    for (int i = 0; i < 600; ++i) step();
    ASSERT_EQ(workers_.size(), rules_.size.min);
    for (const auto& one : workers_) ASSERT_FALSE(one.draining) << one.id;
  }

 private:
  bool chance(std::uint64_t in) { return random_.below(in) == 0; }

  /// Load comes and goes; workers come up, crash, are ejected, and end.
  void live() {
    if (chance(40)) busy_ = !busy_;
    waiting_ = quiet_ || !busy_ ? 0 : random_.below(20);
    std::erase_if(workers_, [&](const auto& one) { return one.is == condition::leaving && chance(2); });
    for (auto& one : workers_) {
      if (one.is == condition::leaving) continue;
      if (one.is == condition::coming && (quiet_ || chance(3))) {
        one = {.id = one.id, .is = condition::up, .in_router = true};
      } else if (!quiet_ && chance(50)) {
        one = {.id = one.id, .is = condition::coming};
      }
      one.ejected = !quiet_ && one.in_router && chance(10);
      if (one.in_flight > 0 && (quiet_ || chance(2))) --one.in_flight;
      if (one.in_router && !one.draining && busy_ && !quiet_) one.in_flight += 1;
    }
  }

  pool_worker& find(const std::string& id) { return *std::ranges::find(workers_, id, &pool_worker::id); }

  void perform(const pool_plan::start_worker&, const std::vector<std::string>&) {
    workers_.push_back({.id = std::to_string(++last_), .is = condition::coming});
  }
  void perform(const pool_plan::drain& what, const std::vector<std::string>&) {
    find(what.id).draining = true;
  }
  void perform(const pool_plan::undrain& what, const std::vector<std::string>&) {
    find(what.id).draining = false;
  }
  void perform(const pool_plan::stop_worker& what, const std::vector<std::string>& retiring) {
    auto& one = find(what.id);
    EXPECT_THAT(retiring, testing::Contains(what.id)) << "in a step before";
    EXPECT_TRUE(one.draining);
    EXPECT_EQ(one.in_flight, 0);
    one.is = condition::leaving;
  }
  void perform(const pool_plan::ready&, const std::vector<std::string>&) {}
  void perform(const pool_plan::resized& what, const std::vector<std::string>&) {
    EXPECT_NE(what.from, what.to);
    EXPECT_LE(what.to, rules_.size.max);
  }

  random_stream random_;
  const pool_rules rules_ = quick_pool_rules();
  pool_plan plan_{rules_};
  instant now_{12h};
  std::vector<pool_worker> workers_;
  std::uint64_t last_ = 0;
  std::uint64_t waiting_ = 0;
  bool busy_ = false;
  bool quiet_ = false;
};

TEST(pool_plan_model, keeps_its_promises_whatever_happens_and_settles_at_the_fewest) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    imagined_pool pool{seed};
    for (int i = 0; i < 500 && !testing::Test::HasFailure(); ++i) pool.step();
    pool.settle();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace bulwark
