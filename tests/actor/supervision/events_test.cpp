// SPDX-License-Identifier: BSD-3-Clause
// Goal: whoever subscribes hears of everything that happens in a tree, in order, at his own pace, and costs
// the tree nothing when he is slow or gone.
// Method: subscribers that take their time, die or do not understand, beside the sink, in virtual time.
#include "bulwark/supervision/events.hpp"

#include <string>
#include <utility>
#include <vector>

#include "bulwark/supervision/storm_sink.hpp"
#include "supervisor_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// What a subscriber of these tests got.
struct inbox {
  std::vector<supervision_event> events;
  std::vector<std::uint64_t> lost;

  void put(event_batch& batch) {
    lost.push_back(batch.lost);
    for (auto& event : batch.events) events.push_back(std::move(event));
  }

  [[nodiscard]] std::vector<std::string> story() const {
    std::vector<std::string> lines;
    for (const auto& event : events) lines.push_back(std::string{to_string(event.kind)} + ' ' + event.path);
    return lines;
  }
};

caf::behavior quick_subscriber(service_actor*, std::shared_ptr<inbox> into) {
  return {[into](event_batch& batch) { into->put(batch); }};
}

/// Answers only when it gets a number, and then all.
caf::behavior slow_subscriber(service_actor* self, std::shared_ptr<inbox> into) {
  auto open = std::make_shared<std::vector<reply_promise>>();
  return {
      [self, into, open](event_batch& batch) {
        into->put(batch);
        open->emplace_back(self);
        return reply_promise::later();
      },
      [open](int) {
        for (auto& promise : std::exchange(*open, {})) promise.deliver(caf::unit);
      },
  };
}

class supervision_events : public supervisor_fixture {
 protected:
  ~supervision_events() override {
    for (const auto& one : spawned_) caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
    spawned_.clear();
  }

  void start_two() { start(restart_strategy::one_for_one, {a.as_child(), b.as_child()}); }

  template <class Behavior>
  caf::actor spawn(Behavior behavior) {
    spawned_.push_back(world.system().spawn(behavior, got));
    return spawned_.back();
  }

  /// "ok", or what was wrong.
  template <class Order>
  std::string give(Order order) {
    const auto reply = testkit::ask<caf::ok_atom>(world.system(), root_, std::move(order));
    world.drain();
    return reply->error ? to_string(*reply->error) : "ok";
  }

  std::size_t running() { return world.system().registry().running(); }

  std::shared_ptr<inbox> got = std::make_shared<inbox>();
  std::vector<caf::actor> spawned_;
};

TEST_F(supervision_events, a_subscriber_hears_what_the_sink_hears_from_then_on) {
  start_two();
  recorder.clear();
  ASSERT_EQ(give(subscribe_events{spawn(quick_subscriber)}), "ok");
  tell(a.ref, "crash");
  kill("b");
  EXPECT_THAT(got->events, testing::Contains(testkit::restarted("a")));
  EXPECT_EQ(got->story(), recorder.story());
  EXPECT_THAT(got->lost, testing::Each(0u));
}

TEST_F(supervision_events, one_subscription_covers_sub_supervisors_and_their_restarts) {
  start(restart_strategy::one_for_one,
        {supervisor_child(below("sub", restart_strategy::one_for_one, {a.as_child()})), b.as_child()});
  ASSERT_EQ(give(subscribe_events{spawn(quick_subscriber)}), "ok");
  kill("sub");
  tell(a.ref, "crash");
  EXPECT_THAT(got->events, testing::Contains(testkit::restarted("sub")));
  EXPECT_THAT(got->events, testing::Contains(testkit::exited("sub/a")));
}

TEST_F(supervision_events, several_subscribers_hear_the_same) {
  start_two();
  const auto others = std::make_shared<inbox>();
  spawned_.push_back(world.system().spawn(quick_subscriber, others));
  ASSERT_EQ(give(subscribe_events{spawned_.back()}), "ok");
  ASSERT_EQ(give(subscribe_events{spawn(quick_subscriber)}), "ok");
  tell(a.ref, "crash");
  EXPECT_THAT(got->story(), testing::SizeIs(4));
  EXPECT_EQ(got->events, others->events);
}

TEST_F(supervision_events, a_slow_subscriber_loses_the_oldest_and_learns_how_many) {
  start_two();
  const auto slow = spawn(slow_subscriber);
  ASSERT_EQ(give(subscribe_events{slow, 4}), "ok");
  tell(a.ref, "crash");  // the first batch, as far as it had come by then
  const auto first = got->events.size();
  for (int i = 0; i < 10; ++i) {
    tell(b.ref, "crash");
    world.advance(10s);
  }
  EXPECT_EQ(got->events.size(), first) << "no second batch before the first is answered";
  caf::anon_send(slow, 1);
  world.drain();
  ASSERT_EQ(got->lost.size(), 2u);
  EXPECT_EQ(got->events.size(), first + 4);
  EXPECT_EQ(got->lost[1], 4u + 10u * 4u - first - 4u);
  EXPECT_EQ(got->story().back(), "restarted b");
}

TEST_F(supervision_events, a_subscriber_that_ends_is_dropped) {
  start_two();
  const auto before = running();
  const auto slow = spawn(slow_subscriber);
  ASSERT_EQ(give(subscribe_events{slow}), "ok");
  tell(a.ref, "crash");
  caf::anon_send_exit(slow, caf::exit_reason::kill);
  world.drain();
  EXPECT_EQ(running(), before) << "with what served it";
  EXPECT_EQ(give(unsubscribe_events{slow}), to_string(caf::error{supervision_error::not_found}));
}

TEST_F(supervision_events, a_subscriber_that_does_not_understand_is_dropped) {
  start_two();
  const auto before = running();
  ASSERT_EQ(give(subscribe_events{b.ref}), "ok");
  EXPECT_EQ(running(), before + 1);
  tell(a.ref, "crash");
  EXPECT_EQ(running(), before);
}

TEST_F(supervision_events, a_subscription_keeps_nobody_alive) {
  start_two();
  const auto before = running();
  auto forgotten = world.system().spawn(quick_subscriber, got);
  ASSERT_EQ(give(subscribe_events{forgotten}), "ok");
  forgotten = nullptr;
  world.drain();
  EXPECT_EQ(running(), before);
}

TEST_F(supervision_events, nothing_comes_after_unsubscribing) {
  start_two();
  const auto before = running();
  const auto quick = spawn(quick_subscriber);
  ASSERT_EQ(give(subscribe_events{quick}), "ok");
  ASSERT_EQ(give(unsubscribe_events{quick}), "ok");
  tell(a.ref, "crash");
  EXPECT_THAT(got->story(), IsEmpty());
  EXPECT_EQ(running(), before + 1) << "only the subscriber is left";
}

TEST_F(supervision_events, to_subscribe_again_replaces_the_first) {
  start_two();
  const auto quick = spawn(quick_subscriber);
  ASSERT_EQ(give(subscribe_events{quick}), "ok");
  ASSERT_EQ(give(subscribe_events{quick}), "ok");
  tell(a.ref, "crash");
  EXPECT_THAT(got->story(), ElementsAre("exited a", "started a", "ready a", "restarted a"));
}

TEST_F(supervision_events, the_end_of_the_tree_comes_in_a_last_batch_even_to_a_slow_one) {
  start_two();
  ASSERT_EQ(give(subscribe_events{spawn(slow_subscriber)}), "ok");
  tell(a.ref, "crash");
  caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
  root_ = nullptr;
  world.drain();
  ASSERT_THAT(got->story(), testing::SizeIs(6));
  EXPECT_EQ(got->story()[4], "stopped b");
  EXPECT_EQ(got->story()[5], "stopped a");
  EXPECT_EQ(running(), 1u);
}

TEST_F(supervision_events, all_that_waits_for_a_slow_one_comes_in_the_last_batch) {
  start_two();
  ASSERT_EQ(give(subscribe_events{spawn(slow_subscriber), 1024}), "ok");
  for (int i = 0; i < 30; ++i) {
    tell(a.ref, "crash");
    world.advance(10s);
  }
  caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
  root_ = nullptr;
  world.drain();
  EXPECT_THAT(got->story(), testing::SizeIs(30 * 4 + 2));
  EXPECT_THAT(got->lost, testing::Each(0u));
}

TEST_F(supervision_events, a_storm_that_the_end_of_the_tree_cuts_short_is_accounted_for) {
  start_two();
  ASSERT_EQ(give(subscribe_events{spawn(quick_subscriber), 1024, storm_options{.in_full = 1, .period = 60s}}),
            "ok");
  for (int i = 0; i < 3; ++i) {
    tell(a.ref, "crash");
    world.advance(5s);
  }
  caf::anon_send_exit(root_, caf::exit_reason::user_shutdown);
  root_ = nullptr;
  world.drain();
  EXPECT_THAT(got->story(), testing::Contains("crash_storm a"));
}

TEST_F(supervision_events, a_storm_comes_as_one_account_to_those_who_ask_for_that) {
  start_two();
  ASSERT_EQ(give(subscribe_events{spawn(quick_subscriber), 1024, storm_options{.in_full = 1, .period = 60s}}),
            "ok");
  for (int i = 0; i < 8; ++i) {
    tell(a.ref, "crash");
    world.advance(5s);
  }
  EXPECT_THAT(got->story(), ElementsAre("exited a", "started a", "ready a", "restarted a"));
  world.advance(1min);
  ASSERT_EQ(got->story().back(), "crash_storm a") << "without another event";
  EXPECT_EQ(got->events.back().ends, 7u);
  EXPECT_THAT(got->events.back().reason.text, testing::HasSubstr("poison"));
  world.advance(1min);
  EXPECT_EQ(got->story().back(), "restarted a");
}

TEST_F(supervision_events, what_makes_no_sense_is_refused_with_the_reason) {
  start_two();
  const auto quick = spawn(quick_subscriber);
  EXPECT_THAT(give(subscribe_events{{}}), testing::HasSubstr("subscriber is missing"));
  EXPECT_THAT(give(subscribe_events{quick, 0}), testing::HasSubstr("1 to 1000000"));
  EXPECT_THAT(give(subscribe_events{quick, 1, storm_options{.period = 0s}}), testing::HasSubstr("positive"));
  for (std::size_t i = 0; i < subscribe_events::subscribers_max; ++i)
    ASSERT_EQ(give(subscribe_events{spawn(quick_subscriber)}), "ok");
  EXPECT_THAT(give(subscribe_events{quick}), testing::HasSubstr("64 subscribers"));
}

TEST_F(supervision_events, a_log_behind_a_storm_sink_is_spared) {
  const storm_sink log{recorder.sink(), {.in_full = 2, .period = 60s}};
  supervisor_options options;
  options.flags.intensity = 100;
  options.children = {a.as_child()};
  options.sink = log.sink();
  root_ = spawn_supervisor(world.system(), std::move(options));
  for (int i = 0; i < 10; ++i) {
    world.advance(5s);
    tell(a.ref, "crash");
  }
  EXPECT_EQ(recorder.count(event_kind::exited, "a"), 2u);
  log.tick(world.now());
  EXPECT_EQ(recorder.count(event_kind::crash_storm, "a"), 0u) << "the period is not over";
  log.flush(world.now());
  ASSERT_EQ(recorder.count(event_kind::crash_storm, "a"), 1u);
  EXPECT_EQ(recorder.story().back(), "restarted a");
}

}  // namespace
}  // namespace bulwark
