// SPDX-License-Identifier: BSD-3-Clause
// Goal: a supervisor says of itself and its children what is so, and of orders to kill which part of a path
// is wrong. Method: real actors under virtual time.
#include <gmock/gmock.h>

#include "supervisor_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using enum restart_strategy;

using questions = supervisor_fixture;

TEST_F(questions, about_paths_that_lead_nowhere_are_answered_with_the_whole_path) {
  auto inner = supervisor_child(below("inner", one_for_one, {a.as_child()}));
  start(one_for_one, {supervisor_child(below("sub", one_for_one, {inner}))});
  EXPECT_EQ(kill("sub/inner/x").error, "there is no actor \"sub/inner/x\"");
  EXPECT_EQ(kill("sub/inner/a").killed, "sub/inner/a");
}

TEST_F(questions, one_that_waits_is_not_killed_and_has_no_uptime) {
  auto late = a.as_child();
  late.spec.delays = {.initial = 10s, .max = 10s};
  start(one_for_one, {late});
  world.advance(2s);
  for (int i = 0; i < 2; ++i) tell(a.ref, "crash");  // the first restart is at once
  world.advance(1s);
  const auto refused = kill("a");
  EXPECT_EQ(refused.error, "\"a\" is not running");
  EXPECT_EQ(refused.killed, "");
  const auto seen = tree();
  EXPECT_EQ(seen.children.at(0).state, "waiting");
  EXPECT_EQ(seen.children.at(0).uptime_ms, 0u);
}

TEST_F(questions, a_supervisor_counts_what_waits_for_it) {
  start(one_for_one, {a.as_child()});
  EXPECT_GE(tree().mailbox, 0);
}

}  // namespace
}  // namespace bulwark
