// SPDX-License-Identifier: BSD-3-Clause
#include <cstdio>
#include <thread>

#include "supervision_measures.hpp"
#include "supervision_trees.hpp"

namespace bulwark::bench {

namespace {

using namespace std::chrono_literals;

/// Crashes in its first message until the count is down to zero.
caf::behavior restless_child(service_actor* self, const std::shared_ptr<std::atomic<long>>& left,
                             const std::shared_ptr<roll_call>& roll) {
  self->send(self, 1);
  return {[self, left, roll](int) {
    if (left->fetch_sub(1) > 0)
      self->quit(caf::make_error(caf::sec::runtime_error));
    else
      roll->report(0, {});
  }};
}

/// Told to, it waits and crashes the child. The semaphore of the roll makes `ordered_at` visible.
caf::behavior saboteur(caf::event_based_actor* self, const std::shared_ptr<roll_call>& roll,
                       const std::shared_ptr<std::chrono::steady_clock::time_point>& ordered_at) {
  return {
      [self](int) { self->delayed_send(self, 5ms, 1U); },
      [roll, ordered_at](unsigned) {
        const auto victim = roll->who(0);
        *ordered_at = clock_now();
        crash(victim);
      },
  };
}

/// Writes each event as a line, as a node does.
event_sink line_sink() {
  const std::shared_ptr<std::FILE> nowhere{std::fopen("/dev/null", "w"), &std::fclose};
  return [nowhere](const supervision_event& event) {
    std::fprintf(nowhere.get(), "%s\n", to_string(event).c_str());
    std::fflush(nowhere.get());
  };
}

/// Restarts per second.
double storm(caf::actor_system& system, std::size_t restarts, const event_sink& sink) {
  auto roll = std::make_shared<roll_call>();
  auto left = std::make_shared<std::atomic<long>>(static_cast<long>(restarts));
  auto options = tree_of(restart_strategy::one_for_one);
  options.sink = sink;
  child one;
  one.spec.id = "c";
  one.spec.delays.reset_after = duration::zero();
  one.start = [left, roll](caf::actor_system& where, const caf::actor&) -> caf::actor {
    return where.spawn(restless_child, left, roll);
  };
  options.children = {std::move(one)};
  const auto begin = clock_now();
  auto root = spawn_supervisor(system, std::move(options));
  const auto end = roll->await(1);
  stop_and_wait(system, std::move(root));
  return static_cast<double>(restarts) / std::chrono::duration<double>(end - begin).count();
}

}  // namespace

void measure_latency(caf::actor_system& system, const effort& how_much) {
  auto roll = std::make_shared<roll_call>();
  roll->expect(1);
  auto options = tree_of(restart_strategy::one_for_one);
  options.children = {idle("c", roll, 0)};
  auto root = spawn_supervisor(system, std::move(options));
  roll->await(1);
  auto ordered_at = std::make_shared<std::chrono::steady_clock::time_point>();
  const std::size_t warm_up = how_much.crashes / 5;
  const auto sample = [&](const char* name, auto&& crash_it) {
    std::vector<double> values;
    for (std::size_t i = 0; i < how_much.crashes + warm_up; ++i) {
      crash_it();
      const auto end = roll->await(1);
      if (i >= warm_up) values.push_back(microseconds(end - *ordered_at));
    }
    print_samples(name, "us", std::move(values));
  };
  // By an actor, as in the Erlang program beside: a thread of the scheduler is then awake.
  auto hand = system.spawn(saboteur, roll, ordered_at);
  sample("a.crash_to_ready.by_actor", [&] { caf::anon_send(hand, 1); });
  sample("a.crash_to_ready.by_thread", [&] {
    std::this_thread::sleep_for(5ms);
    const auto victim = roll->who(0);
    *ordered_at = clock_now();
    crash(victim);
  });
  roll->forget();
  stop_and_wait(system, std::move(root));
}

void measure_storm(caf::actor_system& system, const effort& how_much) {
  storm(system, 1000, {});
  for (const std::size_t restarts : {200, 1000, 5000, 20'000, 50'000, 1'000'000}) {
    if (restarts > how_much.storm_max) break;
    std::vector<double> quiet, logged;
    const auto before = resident_bytes();
    const auto rounds = restarts > 50'000 ? 1 : how_much.repetitions;
    for (std::size_t round = 0; round < rounds; ++round) {
      quiet.push_back(storm(system, restarts, {}));
      logged.push_back(storm(system, restarts, line_sink()));
    }
    const auto after = resident_bytes();
    const auto name = ".N" + std::to_string(restarts);
    print_samples("a.restarts_per_s" + name, "1/s", std::move(quiet));
    print_samples("a.restarts_per_s.logged" + name, "1/s", std::move(logged));
    print_samples("a.memory_growth" + name, "B", {static_cast<double>(after) - static_cast<double>(before)});
  }
}

void measure_groups(caf::actor_system& system, const effort& how_much) {
  for (const auto strategy : {restart_strategy::one_for_all, restart_strategy::rest_for_one}) {
    for (const std::size_t size : {10, 100, 1000}) {
      auto roll = std::make_shared<roll_call>();
      roll->expect(size);
      auto options = tree_of(strategy);
      for (std::size_t i = 0; i < size; ++i)
        options.children.push_back(idle("c" + std::to_string(i), roll, i));
      auto root = spawn_supervisor(system, std::move(options));
      roll->await(size);
      std::vector<double> values;
      for (std::size_t i = 0; i < 12 * how_much.repetitions; ++i) {
        std::this_thread::sleep_for(2ms);
        const auto victim = roll->who(0);
        const auto begin = clock_now();
        crash(victim);
        values.push_back(microseconds(roll->await(size) - begin));
      }
      roll->forget();
      print_samples(std::string{"c."} + to_string(strategy) + ".N" + std::to_string(size), "us",
                    std::move(values));
      stop_and_wait(system, std::move(root));
    }
  }
}

}  // namespace bulwark::bench
