// SPDX-License-Identifier: BSD-3-Clause
// Goal: no order in which actors run changes what a supervisor does.
// Method: strategy x restart type x exit reason on real actors, over 10 000 random schedules; what became of
// the three children is compared with what the plan predicts on its own.
#include <gmock/gmock.h>

#include <sstream>

#include "bulwark/testkit/matchers.hpp"
#include "workers.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using namespace testkit;

struct situation {
  restart_strategy strategy;
  restart_type type;
  exit_kind reason;
};

supervisor_flags flags_of(restart_strategy strategy) {
  supervisor_flags flags;
  flags.strategy = strategy;
  flags.intensity = 10;
  return flags;
}

std::vector<child_spec> specs_of(restart_type type) {
  std::vector<child_spec> specs(3);
  for (std::size_t i = 0; i < 3; ++i) specs[i].id = std::string(1, static_cast<char>('a' + i));
  specs[1].restart = type;
  return specs;
}

/// What the plan on its own says: "a#1 b#2 c#2", generations of who is there in the end.
std::string predict(const situation& now) {
  restart_plan plan{flags_of(now.strategy), specs_of(now.type), 1};
  std::vector<plan::event> events{plan::start_all{}};
  bool crashed = false;
  while (!events.empty()) {
    const auto next = events.front();
    events.erase(events.begin());
    std::vector<plan::effect> effects;
    plan.step(next, instant{1h}, effects);
    for (const auto& effect : effects) {
      if (const auto* start = std::get_if<plan::start_child>(&effect))
        events.emplace_back(plan::child_ready{start->id, start->generation});
      if (const auto* stop = std::get_if<plan::stop_child>(&effect))
        events.emplace_back(plan::child_exited{stop->id, stop->generation, {exit_kind::shutdown, "stop"}});
    }
    if (events.empty() && !std::exchange(crashed, true))
      events.emplace_back(plan::child_exited{"b", 1, {now.reason, "end"}});
  }
  std::string text;
  for (const auto& view : plan.which_children())
    if (view.state == child_state::up) text += view.id + '#' + std::to_string(view.generation) + ' ';
  return text;
}

void end_b(observed_tree& tree, exit_kind reason) {
  const auto b = tree.find("b");
  ASSERT_TRUE(b);
  switch (reason) {
    case exit_kind::normal: caf::anon_send(b, std::string{"quit"}); break;
    case exit_kind::shutdown: ask_to_stop(b); break;
    case exit_kind::failure: caf::anon_send(b, std::string{"crash"}); break;
    case exit_kind::killed: kill_now(b); break;
  }
}

std::string outcome(deterministic_system& world, const situation& now) {
  supervisor_options options;
  options.flags = flags_of(now.strategy);
  for (auto& spec : specs_of(now.type)) {
    child one;
    one.spec = std::move(spec);
    one.start = [](caf::actor_system& system, const caf::actor& supervisor) -> caf::actor {
      return system.spawn(recorder_behavior, supervisor, log_of_numbers{});
    };
    options.children.push_back(std::move(one));
  }
  auto tree = observe(world, std::move(options));
  end_b(tree, now.reason);
  tree.drain();
  std::map<std::string, std::uint64_t> alive;
  for (const auto& event : tree.events()) {
    if (event.kind == event_kind::ready) alive[event.path] = event.generation;
    if (event.kind == event_kind::exited || event.kind == event_kind::stopped) alive.erase(event.path);
  }
  std::string text;
  for (const auto& [id, generation] : alive) text += id + '#' + std::to_string(generation) + ' ';
  return text;
}

std::vector<situation> all_situations() {
  using enum restart_strategy;
  using enum restart_type;
  using enum exit_kind;
  std::vector<situation> all;
  for (const auto strategy : {one_for_one, one_for_all, rest_for_one})
    for (const auto type : {permanent, transient, temporary})
      for (const auto reason : {normal, shutdown, failure, killed}) all.push_back({strategy, type, reason});
  return all;
}

class schedules : public testing::TestWithParam<std::size_t> {};

// 36 situations, 278 schedules each: 10 008. In parts, so that each is quick under sanitizers as well.
INSTANTIATE_TEST_SUITE_P(part, schedules, testing::Range<std::size_t>(0, 36));

TEST_P(schedules, do_not_change_what_becomes_of_the_children) {
  const auto now = all_situations()[GetParam()];
  const auto expected = predict(now);
  for_all_schedules(278, [&](deterministic_system& world, std::uint64_t) {
    EXPECT_EQ(outcome(world, now), expected)
        << to_string(now.strategy) << ", " << to_string(now.type) << ", " << to_string(now.reason);
  });
}

}  // namespace
}  // namespace bulwark
