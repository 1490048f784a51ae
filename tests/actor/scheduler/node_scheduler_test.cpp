// SPDX-License-Identifier: BSD-3-Clause
// Goal: actors of a system made with node_config run as with CAF's own scheduler: all of them, side by side,
// and with their timeouts. Method: actors that wait for one another; who is not run in time shows as a test
// that does not end.
#include <gtest/gtest.h>

#include <caf/all.hpp>
#include <latch>
#include <memory>

#include "bulwark/actors/node_config.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/actors/short_turn.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

struct scheduler_world {
  explicit scheduler_world(std::size_t threads) : config{{.threads = threads}}, system{config} {}
  node_config config;
  caf::actor_system system;
};

/// Sends a number back, less one, until it is 0.
caf::behavior returner(service_actor* self, bool brief, const std::shared_ptr<std::latch>& finished) {
  return {[=](int number, const caf::actor& who) {
    if (number == 0) return finished->count_down();
    if (!brief) return self->send(who, number - 1, caf::actor_cast<caf::actor>(self));
    const short_turn scope;
    self->send(who, number - 1, caf::actor_cast<caf::actor>(self));
  }};
}

TEST(node_scheduler, actors_that_answer_one_another_all_come_to_an_end) {
  for (const std::size_t threads : {1, 2, 4}) {
    scheduler_world world{threads};
    constexpr int pairs = 40;
    const auto finished = std::make_shared<std::latch>(pairs);
    for (int i = 0; i < pairs; ++i) {
      const auto first = world.system.spawn(returner, i % 2 == 0, finished);
      caf::anon_send(world.system.spawn(returner, i % 3 == 0, finished), 300, first);
    }
    finished->wait();
    world.system.registry().await_running_count_equal(0);
  }
}

/// Blocks the thread that runs it until all of `others` have been run.
caf::behavior blocker(service_actor* self, bool brief, const std::vector<caf::actor>& others,
                      const std::shared_ptr<std::latch>& met, const std::shared_ptr<std::latch>& finished) {
  return {[=](int) {
    {
      const std::unique_ptr<short_turn> scope{brief ? new short_turn : nullptr};
      for (const auto& other : others) self->send(other, 1);
    }
    met->wait();
    finished->count_down();
  }};
}

caf::behavior attendant(service_actor*, const std::shared_ptr<std::latch>& met) {
  return {[met](int) { met->count_down(); }};
}

void meet(bool brief, std::size_t attendants) {
  scheduler_world world{2};
  const auto met = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(attendants));
  const auto finished = std::make_shared<std::latch>(1);
  std::vector<caf::actor> others;
  for (std::size_t i = 0; i < attendants; ++i) others.push_back(world.system.spawn(attendant, met));
  caf::anon_send(world.system.spawn(blocker, brief, others, met, finished), 1);
  finished->wait();
}

TEST(node_scheduler, an_idle_thread_runs_what_a_busy_one_set_in_motion) {
  for (int round = 0; round < 20; ++round) meet(false, 1);
}

TEST(node_scheduler, only_the_first_actor_of_a_short_turn_waits_for_its_end) {
  for (int round = 0; round < 20; ++round) meet(true, 2);
}

TEST(node_scheduler, requests_time_out_and_delayed_messages_arrive) {
  scheduler_world world{2};
  const auto silent = world.system.spawn(
      [](caf::event_based_actor* self, int) -> caf::behavior {
        return {[self](int) { return self->make_response_promise<int>(); }};
      },
      0);
  caf::scoped_actor asker{world.system};
  for (int round = 0; round < 3; ++round) {
    // An actor that has a timeout of its own, and ends before it: the clock has to forget it.
    const auto passing = world.system.spawn(
        [silent](caf::event_based_actor* self, int) {
          self->request(silent, 5ms, 1).then([](int) {}, [](const caf::error&) {});
          self->delayed_send(silent, 1ms, 1);
          self->quit();
        },
        0);
    asker->wait_for(passing);
    caf::error problem;
    asker->request(silent, 10ms, 1).receive([](int) {}, [&](caf::error& why) { problem = std::move(why); });
    EXPECT_EQ(problem, caf::sec::request_timeout);
    asker->delayed_send(asker, 1ms, 7);
    asker->receive([](int number) { EXPECT_EQ(number, 7); });
  }
  asker->send_exit(silent, caf::exit_reason::kill);
}

}  // namespace
}  // namespace bulwark
