// SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever happens, in whatever order, the count adds up at each moment and nothing is lost without
// being counted: submitted = done + rejected + failed.
// Method: random schedules by seed: requests, messages, crashes, kills, joins, drains, time that passes, with
// the turns of the actors shuffled; each client's own count against the router's.
#include "bulwark/actors/core/random.hpp"
#include "bulwark/actors/stable_ref.hpp"
#include "routing_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

struct schedule {
  delivery_mode delivery;
  when_full rule;
  bool plain;
  bool bounded = true;  ///< otherwise senders choose their workers themselves, as long as all of them tally
};

class router_schedules_test : public routing_fixture, public testing::WithParamInterface<schedule> {
 protected:
  void step(random_stream& random) {
    switch (random.below(18)) {
      case 0: return (void)join(GetParam().plain);
      case 1: return (void)caf::anon_send(any(random), std::string{"crash"});
      case 2: return kill_now(any(random));
      case 3: return caf::anon_send(router, std::string{"crash"});
      case 4: return remove_worker(router, any(random));
      case 5: return drain_worker(router, any(random), random.below(2) == 0);
      case 6: return world.advance(std::chrono::milliseconds{random.below(4000)});
      case 7: return caf::anon_send(router, -1);
      case 8:
      case 9: floats.push_back(ask<float>(1.0f)); return;
      case 10:
        if (!log->held.empty()) answer(random.below(log->held.size()), 1.0f);
        return;
      case 11: return (void)world.drain();
      case 12: return add_worker(router, any(random));
      case 13:
      case 14: return caf::anon_send(router, 1);
      default: numbers.push_back(ask<std::int64_t>(static_cast<std::int64_t>(random.below(20))));
    }
  }

  const caf::actor& any(random_stream& random) { return workers[random.below(workers.size())]; }

  std::vector<std::shared_ptr<const testkit::reply<float>>> floats;
  std::vector<std::shared_ptr<const testkit::reply<std::int64_t>>> numbers;
};

TEST_P(router_schedules_test, the_count_adds_up) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_stream random{seed};
    by_default = routing_kind::p2c;
    router_options options;
    options.delivery = GetParam().delivery;
    options.answer_limit = 5s;
    options.rules.bounds = {.rule = GetParam().rule, .waiting_max = 5, .waiting_limit = 2s};
    if (GetParam().bounded) {
      options.rules.bounds.per_worker = 3;
      options.rules.bounds.in_flight = 8;
      options.rules.slow_start.window = 3s;
    }
    options.rules.ejection = {.failures = 2, .time = 3s};
    make(options, 3, GetParam().plain);
    const auto ref = make_stable_ref(world.system(), {.name = "ref", .hold_max = 4});
    bind(ref, join());
    if (GetParam().bounded) add_worker(router, ref);  // no service_actor: it tallies nothing
    world.shuffle(seed);
    for (int i = 0; i < 300; ++i) {
      step(random);
      ASSERT_TRUE(counts().add_up()) << counts();
      for (const auto& one : worker_loads(router)) {
        ASSERT_GE(one.in_flight, 0);
        ASSERT_TRUE(one.in_flight <= 3 || !GetParam().bounded) << one.in_flight;
      }
    }
    world.advance(10min);
    const auto now = counts();
    ASSERT_TRUE(now.add_up()) << now;
    ASSERT_EQ(now.in_flight, 0) << now;
    ASSERT_EQ(now.waiting, 0u) << now;
    ASSERT_EQ(now.submitted, now.done + now.rejected + now.failed) << now;
    for (const auto& one : numbers) ASSERT_FALSE(one->pending()) << "a request without an answer";
    for (const auto& one : floats) ASSERT_FALSE(one->pending()) << "a request without an answer";
    close(ref, shutdown_reason());
    log->held.clear();
    numbers.clear();
    floats.clear();
    for (const auto& one : workers) kill_now(one);
    world.drain();
    workers.clear();
  }
}

std::string name_of_schedule(const testing::TestParamInfo<schedule>& of) {
  static constexpr const char* names[] = {"reject", "drop_oldest", "block", "shed"};
  return std::string{of.param.delivery == delivery_mode::at_most_once ? "once_" : "kept_"} +
         names[static_cast<int>(of.param.rule)] + (of.param.plain ? "_plain" : "") +
         (of.param.bounded ? "" : "_unbounded");
}

INSTANTIATE_TEST_SUITE_P(
    rules, router_schedules_test,
    testing::Values(schedule{delivery_mode::at_most_once, when_full::reject, false},
                    schedule{delivery_mode::at_most_once, when_full::block, false},
                    schedule{delivery_mode::at_most_once, when_full::drop_oldest, true},
                    schedule{delivery_mode::at_least_once, when_full::block, false},
                    schedule{delivery_mode::at_least_once, when_full::shed_by_priority, true},
                    schedule{delivery_mode::at_least_once, when_full::drop_oldest, false},
                    schedule{delivery_mode::at_most_once, when_full::block, false, false},
                    schedule{delivery_mode::at_most_once, when_full::reject, true, false}),
    name_of_schedule);

}  // namespace
}  // namespace bulwark
