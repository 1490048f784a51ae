// SPDX-License-Identifier: BSD-3-Clause
// Goal: a policy that goes by latency learns it, whether the router began with it or came to it later.
// Method: two workers in virtual time, of which one takes its time to answer.
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "routing_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

class router_latency_test : public routing_fixture {
 protected:
  /// One request, which only `one` of the two workers may get and which is answered after `length`.
  void let_answer(int one, duration length) {
    drain_worker(router, workers[1 - one]);
    const auto reply = ask<float>(1.0f);
    world.drain();
    world.advance(length);
    answer(log->held.size() - 1);
    EXPECT_EQ(outcome(reply), "value");
    drain_worker(router, workers[1 - one], false);
  }
  /// Workers 0 and 1 answer after 50 ms and after 1 ms.
  void let_both_answer() {
    for (int i = 0; i < 10; ++i) {
      let_answer(0, 50ms);
      let_answer(1, 1ms);
    }
  }

  /// How many of a hundred requests, one at a time, each worker gets.
  std::vector<int> shares() {
    std::vector<int> all(2, 0);
    for (int i = 0; i < 100; ++i) {
      const auto reply = ask<float>(1.0f);
      world.drain();
      ++all[log->held.back().first == workers[1] ? 1 : 0];
      answer(log->held.size() - 1);
    }
    return all;
  }
};

TEST_F(router_latency_test, a_slow_worker_gets_little) {
  make({.policy = {.kind = routing_kind::p2c_ewma}}, 2);
  let_both_answer();
  EXPECT_LT(shares()[0], 20);
}

TEST_F(router_latency_test, a_policy_that_comes_later_learns_from_then_on) {
  make({.policy = {.kind = routing_kind::round_robin}}, 2);
  let_both_answer();
  EXPECT_EQ(shares(), (std::vector{50, 50}));
  set_policy(router, {.kind = routing_kind::p2c_ewma});
  let_both_answer();
  EXPECT_LT(shares()[0], 20);
}

}  // namespace
}  // namespace bulwark
