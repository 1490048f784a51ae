// SPDX-License-Identifier: BSD-3-Clause
// Goal: a worker that is to go costs no message, whatever happens on its way out.
// Method: as sized_pool_test; at the end random load under many schedules, and threads in real time.
#include <atomic>
#include <thread>

#include "bulwark/actors/core/random.hpp"
#include "bulwark/actors/node_config.hpp"
#include "bulwark/supervision/messages.hpp"
#include "bulwark/testkit/eventually.hpp"
#include "bulwark/testkit/matchers.hpp"
#include "bulwark/testkit/router_matchers.hpp"
#include "sized_pool_fixture.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using namespace testkit;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;

/// Four workers with a request each, two of which are on their way out.
class shrinking_pool_test : public sized_pool_test {
 protected:
  void begin(bool stops_busy = false) {
    auto options = quick_options();
    options.rules.size.load_high = 4;
    options.rules.size.load_aimed = 2;
    options.rules.size.load_low = 1;
    options.rules.stops_busy = stops_busy;
    start(options);
    hold(8);
    world.advance(3s);
    answer_all();
    hold(4);
    world.advance(15s);
    ASSERT_EQ(in_use(), 2u);
    ASSERT_EQ(draining(), 2u);
    ASSERT_EQ(resizes(*tree).back(), "4 to 2 quiet");
    tree->forget();
  }

  caf::actor one_that_goes() const {
    const auto all = worker_loads(router);
    return std::ranges::find(all, true, &worker_load::draining)->worker;
  }
};

TEST_F(shrinking_pool_test, who_goes_finishes_first_and_gets_nothing_new) {
  ASSERT_NO_FATAL_FAILURE(begin());
  caf::anon_send(router, 1);
  caf::anon_send(router, 2);
  world.advance(10s);
  EXPECT_EQ(draining(), 2u) << "they have something to do";
  for (const auto& one : worker_loads(router)) EXPECT_EQ(one.in_flight, 1);
  answer_all();
  world.advance(2s);
  EXPECT_THAT(*tree, Tree({"pool up", "pool/workers up", "pool/workers/w:1 up", "pool/workers/w:2 up",
                           "pool/size up"}));
  EXPECT_THAT(*tree, InOrder(Stopped("pool/workers/w:3")));
  EXPECT_THAT(router, AllOf(NothingLost(), Counts({.submitted = 14, .done = 14})));
}

TEST_F(shrinking_pool_test, who_does_not_finish_in_time_gets_messages_again) {
  ASSERT_NO_FATAL_FAILURE(begin());
  world.advance(30s);
  EXPECT_EQ(in_use(), 4u);
  EXPECT_THAT(resizes(*tree), ElementsAre("2 to 4 not finished within 30000 ms"));
  answer_all();
  world.advance(1min);
  EXPECT_EQ(in_use(), 2u);
  EXPECT_THAT(router, AllOf(NothingLost(), Counts({.submitted = 12, .done = 12})));
}

TEST_F(shrinking_pool_test, who_does_not_finish_in_time_is_stopped_if_that_is_wished) {
  ASSERT_NO_FATAL_FAILURE(begin(true));
  world.advance(32s);
  EXPECT_EQ(worker_loads(router).size(), 2u);
  answer_all();
  EXPECT_THAT(router, AllOf(NothingLost(), Counts({.submitted = 12, .done = 10, .failed = 2})));
}

TEST_F(shrinking_pool_test, load_that_is_back_takes_back_who_was_about_to_go) {
  ASSERT_NO_FATAL_FAILURE(begin());
  hold(8);
  world.advance(1s);
  EXPECT_EQ(in_use(), 4u);
  EXPECT_THAT(resizes(*tree), ElementsAre("2 to 4 pressure"));
  EXPECT_THAT(*tree, NoEventsFor("pool/workers")) << "nobody was started or stopped";
  answer_all();
  EXPECT_THAT(router, AllOf(NothingLost(), Counts({.submitted = 20, .done = 20})));
}

TEST_F(shrinking_pool_test, a_crash_on_the_way_out_is_no_way_out) {
  ASSERT_NO_FATAL_FAILURE(begin());
  kill_now(one_that_goes());
  world.drain();
  EXPECT_EQ(in_use(), 3u) << "its successor";
  world.advance(1s);
  EXPECT_EQ(in_use(), 2u) << "goes in its place";
  world.advance(1s);
  EXPECT_EQ(worker_loads(router).size(), 3u);
  answer_all();
  world.advance(2s);
  EXPECT_EQ(worker_loads(router).size(), 2u);
  EXPECT_THAT(resizes(*tree), IsEmpty());
  EXPECT_THAT(router, AllOf(NothingLost(), Counts({.submitted = 12, .done = 11, .failed = 1})));
}

TEST_F(shrinking_pool_test, whoever_sizes_it_may_crash_and_leaves_nobody_drained) {
  ASSERT_NO_FATAL_FAILURE(begin());
  kill(*tree / "pool" / "size");
  world.drain();
  EXPECT_EQ(in_use(), 4u);
  EXPECT_THAT(*tree, InOrder(Restarted("pool/size")));
  answer_all();
  world.advance(1min);
  EXPECT_EQ(in_use(), 2u) << "its successor goes on";
  EXPECT_THAT(router, AllOf(NothingLost(), Counts({.submitted = 12, .done = 12})));
}

TEST(shrinking_pool_schedules, no_resize_costs_a_message) {
  for_all_schedules(40, [](deterministic_system& world, std::uint64_t seed) {
    const auto router = make_router(world.system(), "prices", {routing_kind::p2c});
    const auto log = std::make_shared<work_log>();
    supervisor_options root;
    root.children = {sized_pool(router, pooled_worker(log), quick_options())};
    observed_tree tree{world, std::move(root)};
    random_stream random{seed};
    std::size_t answered = 0;
    std::uint64_t sent = 0;
    for (int phase = 0; phase < 20; ++phase) {
      const auto rate = phase % 2 == 0 ? random.below(10) : 0;
      for (int i = 0; i < 20; ++i, world.advance(1s * random.below(2))) {
        for (auto n = random.below(rate + 1); n > 0; --n, ++sent)
          (void)ask<float>(world.system(), router, 1.0f);
        world.drain();
        for (; answered < log->held.size() && (rate == 0 || random.below(3) > 0); ++answered)
          caf::anon_send(log->held[answered].first, caf::ok_atom_v, static_cast<std::uint32_t>(answered),
                         0.0f);
      }
    }
    world.advance(1min);
    EXPECT_GT(resizes(tree).size(), 4u);
    EXPECT_THAT(router, AllOf(NothingLost(), Counts({.submitted = sent, .done = sent, .failed = 0})));
    log->held.clear();
  });
}

caf::behavior plain_worker(service_actor*, std::shared_ptr<std::atomic<int>> handled) {
  return {
      [handled](int) { ++*handled; },
      [](std::int64_t number) { return number + 1; },
  };
}

TEST(shrinking_pool_threads, no_resize_costs_a_message) {
  node_config config;
  add_supervision_messages(config);
  caf::actor_system system{config};
  const auto router = make_router(system, "prices");
  const auto handled = std::make_shared<std::atomic<int>>(0);
  child worker;
  worker.spec.id = "w";
  worker.start = [handled](caf::actor_system& home, const caf::actor&) -> caf::actor {
    return home.spawn(plain_worker, handled);
  };
  auto options = quick_options();
  options.rules.size.period = 5ms;
  options.rules.size.shrink_after = 25ms;
  supervisor_options tree;
  tree.children = {sized_pool(router, worker, options)};
  auto root = spawn_supervisor(system, std::move(tree));
  const auto has = [&](std::size_t workers) { return worker_loads(router).size() == workers; };
  EVENTUALLY(1min, has(2));

  std::atomic<bool> over{false};
  int asked = 0;
  std::thread client{[&] {  // one request at a time, also while workers go
    caf::scoped_actor self{system};
    for (; !over; ++asked)
      self->request(router, caf::infinite, std::int64_t{asked})
          .receive([&](std::int64_t answer) { EXPECT_EQ(answer, asked + 1); },
                   [&](const caf::error& problem) { ADD_FAILURE() << error_text(problem); });
  }};
  int told = 0;
  for (int round = 0; round < 10; ++round) {
    EVENTUALLY(1min, [&] {
      for (int i = 0; i < 1000 && counts_of(router).in_flight < 1000; ++i, ++told)
        caf::anon_send(router, told);
      return has(6);
    }());
    EVENTUALLY(1min, has(2));
  }
  over = true;
  client.join();
  EVENTUALLY(1min, counts_of(router).in_flight == 0);
  const auto sent = static_cast<std::uint64_t>(told + asked);
  EXPECT_THAT(router, Counts({.submitted = sent, .done = sent, .rejected = 0, .failed = 0}));
  EXPECT_EQ(*handled, told);
  ask_to_stop(std::exchange(root, {}));
}

}  // namespace
}  // namespace bulwark
