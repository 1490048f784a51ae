// SPDX-License-Identifier: BSD-3-Clause
// Goal: a thread that has an own_turn runs the prompt actors that it sets in motion, and only these; none is
// lost, whatever ends first. Method: actors tell in which thread they were run; a latch waits for those that
// the scheduler runs.
#include "bulwark/actors/own_turn.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <caf/all.hpp>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "bulwark/actors/node_config.hpp"

namespace bulwark {
namespace {

/// Where and how often actors were run.
struct sightings {
  explicit sightings(std::ptrdiff_t expected) : all{expected} {}
  void see() {
    (std::this_thread::get_id() == test ? here : elsewhere).fetch_add(1);
    all.count_down();
  }
  const std::thread::id test = std::this_thread::get_id();
  std::atomic<int> here{0};
  std::atomic<int> elsewhere{0};
  std::latch all;
};

/// Passes a number on to the next one, if there is a next one.
class passer final : public prompt_actor {
 public:
  passer(caf::actor_config& config, std::shared_ptr<sightings> seen, caf::actor next, bool prompt)
      : prompt_actor{config, prompt}, seen_{std::move(seen)}, next_{std::move(next)} {}

  caf::behavior make_behavior() override {
    return {[this](int number) {
              if (next_) send(next_, number + 1);
              if (number < 0) quit();
              seen_->see();
            },
            [this](const caf::actor& partner, int rounds) {
              if (rounds > 0) send(partner, caf::actor_cast<caf::actor>(this), rounds - 1);
              seen_->see();
            }};
  }

  void on_exit() override { next_ = nullptr; }

 private:
  const std::shared_ptr<sightings> seen_;
  caf::actor next_;
};

struct turn_world {
  /// Rests until somebody sends it something; otherwise the scheduler would run it first.
  caf::actor spawn(const std::shared_ptr<sightings>& seen, const caf::actor& next, bool prompt) {
    return system.spawn<passer, caf::lazy_init>(seen, next, prompt);
  }

  node_config config{{.threads = 2}};
  caf::actor_system system{config};
};

TEST(own_turn, runs_in_this_thread_what_it_sets_in_motion) {
  turn_world world;
  const auto seen = std::make_shared<sightings>(3);
  const auto last = world.spawn(seen, caf::actor{}, true);
  const auto middle = world.spawn(seen, last, true);
  const auto first = world.spawn(seen, middle, true);
  {
    own_turn turn{world.system};
    caf::anon_send(first, 1);
    turn.run();
    EXPECT_TRUE(seen->all.try_wait());
  }
  EXPECT_EQ(seen->here, 3);
}

TEST(own_turn, its_end_runs_what_waits) {
  turn_world world;
  const auto seen = std::make_shared<sightings>(1);
  const auto one = world.spawn(seen, caf::actor{}, true);
  {
    const own_turn turn{world.system};
    caf::anon_send(one, 1);
  }
  EXPECT_TRUE(seen->all.try_wait());
  EXPECT_EQ(seen->here, 1);
}

TEST(own_turn, leaves_other_actors_to_the_scheduler) {
  turn_world world;
  const auto seen = std::make_shared<sightings>(2);
  const auto slow = world.spawn(seen, caf::actor{}, false);
  const auto quick = world.spawn(seen, slow, true);
  {
    const own_turn turn{world.system};
    caf::anon_send(quick, 1);
  }
  seen->all.wait();
  EXPECT_EQ(seen->here, 1);
  EXPECT_EQ(seen->elsewhere, 1);
}

TEST(own_turn, gives_back_to_the_scheduler_what_goes_on_for_too_long) {
  turn_world world;
  constexpr int rounds = 500;
  const auto seen = std::make_shared<sightings>(rounds + 1);
  const auto one = world.spawn(seen, caf::actor{}, true);
  const auto other = world.spawn(seen, caf::actor{}, true);
  {
    const own_turn turn{world.system, 10};
    caf::anon_send(one, other, rounds);
  }
  EXPECT_LE(seen->here, 10);
  seen->all.wait();
  EXPECT_EQ(seen->here + seen->elsewhere, rounds + 1);
}

TEST(own_turn, an_inner_one_has_no_effect) {
  turn_world world;
  const auto seen = std::make_shared<sightings>(1);
  const auto one = world.spawn(seen, caf::actor{}, true);
  const own_turn outer{world.system};
  {
    own_turn inner{world.system};
    caf::anon_send(one, 1);
    inner.run();
  }
  EXPECT_EQ(seen->here, 0);
}

TEST(own_turn, actors_of_another_system_are_not_its_own) {
  turn_world mine;
  turn_world others;
  const auto seen = std::make_shared<sightings>(1);
  const auto one = others.spawn(seen, caf::actor{}, true);
  const own_turn turn{mine.system};
  caf::anon_send(one, 1);
  seen->all.wait();
  EXPECT_EQ(seen->elsewhere, 1);
}

TEST(own_turn, an_actor_may_end_in_it) {
  turn_world world;
  const auto seen = std::make_shared<sightings>(1);
  auto one = world.spawn(seen, caf::actor{}, true);
  caf::scoped_actor watcher{world.system};
  watcher->monitor(one);
  {
    const own_turn turn{world.system};
    caf::anon_send(one, -1);
    one = nullptr;
  }
  watcher->receive([](const caf::down_msg& down) { EXPECT_FALSE(down.reason); });
}

TEST(own_turn, threads_with_and_without_one_send_to_the_same_actors) {
  turn_world world;
  constexpr int threads = 4;
  constexpr int messages = 2000;
  const auto seen = std::make_shared<sightings>(2 * threads * messages);
  const auto last = world.spawn(seen, caf::actor{}, true);
  const auto first = world.spawn(seen, last, true);
  {
    std::vector<std::jthread> senders;
    for (int t = 0; t < threads; ++t)
      senders.emplace_back([&, own = t % 2 == 0] {
        for (int i = 0; i < messages; ++i) {
          std::unique_ptr<own_turn> turn;
          if (own) turn = std::make_unique<own_turn>(world.system);
          caf::anon_send(first, 1);
        }
      });
  }
  seen->all.wait();
  EXPECT_EQ(seen->here + seen->elsewhere, 2 * threads * messages);
}

}  // namespace
}  // namespace bulwark
