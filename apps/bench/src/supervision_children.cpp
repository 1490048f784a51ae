// SPDX-License-Identifier: BSD-3-Clause
#include <malloc.h>

#include <future>
#include <thread>

#include "bulwark/actors/stable_ref.hpp"
#include "supervision_measures.hpp"
#include "supervision_trees.hpp"

namespace bulwark::bench {

namespace {

using namespace std::chrono_literals;

struct children_samples {
  std::vector<double> start_ms, start_us_each, bytes_each, restart_us, stop_ms;
};

/// How the children of a tree are kept.
enum class kept_as : std::uint8_t { pool, pool_with_references, static_children };

std::string name_of(kept_as how) {
  if (how == kept_as::static_children) return to_string(restart_strategy::one_for_one);
  const std::string pool = to_string(restart_strategy::simple_one_for_one);
  return how == kept_as::pool ? pool : pool + "_with_references";
}

caf::actor start_pool(caf::actor_system& system, std::size_t size, const std::shared_ptr<roll_call>& roll,
                      bool with_references) {
  auto options = tree_of(restart_strategy::simple_one_for_one);
  child one;
  one.spec.id = "c";
  one.spec.delays.reset_after = duration::zero();
  if (with_references) one.ref_of_each = stable_ref_options{};
  one.start_with = [roll](caf::actor_system& where, const caf::actor&,
                          const caf::message& arguments) -> caf::actor {
    return where.spawn(idle_child, roll, static_cast<std::size_t>(arguments.get_as<std::uint64_t>(0)));
  };
  options.children = {std::move(one)};
  auto root = spawn_supervisor(system, std::move(options));
  for (std::uint64_t i = 0; i < size; ++i) caf::anon_send(root, start_pool_child{caf::make_message(i)});
  return root;
}

caf::actor start_static(caf::actor_system& system, std::size_t size, const std::shared_ptr<roll_call>& roll) {
  auto options = tree_of(restart_strategy::one_for_one);
  options.children.reserve(size);
  for (std::size_t i = 0; i < size; ++i) options.children.push_back(idle("c" + std::to_string(i), roll, i));
  return spawn_supervisor(system, std::move(options));
}

void run(caf::actor_system& system, kept_as how, std::size_t size, std::size_t crashes,
         children_samples& into) {
  auto roll = std::make_shared<roll_call>();
  roll->expect(size);
  ::malloc_trim(0);
  const auto before = resident_bytes();
  const auto begin = clock_now();
  auto root = how == kept_as::static_children
                  ? start_static(system, size, roll)
                  : start_pool(system, size, roll, how == kept_as::pool_with_references);
  const auto started = roll->await(size) - begin;
  std::this_thread::sleep_for(50ms);
  // The roll's own handles are not the supervisor's.
  const auto own = static_cast<double>(size * sizeof(caf::actor));
  into.bytes_each.push_back((static_cast<double>(resident_bytes()) - static_cast<double>(before) - own) /
                            static_cast<double>(size));
  into.start_ms.push_back(microseconds(started) / 1000);
  into.start_us_each.push_back(microseconds(started) / static_cast<double>(size));
  for (std::size_t i = 0; i < crashes; ++i) {
    std::this_thread::sleep_for(2ms);
    const auto victim = roll->who((i * 7919 + 1) % size);
    const auto at = clock_now();
    crash(victim);
    into.restart_us.push_back(microseconds(roll->await(1) - at));
  }
  roll->forget();
  into.stop_ms.push_back(microseconds(stop_and_wait(system, std::move(root))) / 1000);
}

/// Asks `whom` so many times, one after the other; nanoseconds per call.
double call_in_turn(caf::actor_system& system, const caf::actor& whom, int calls) {
  std::promise<double> done;
  auto result = done.get_future();
  system.spawn(
      [whom, calls](service_actor* self, std::promise<double>* into) -> caf::behavior {
        const auto begin = clock_now();
        auto ask = std::make_shared<std::function<void(int)>>();
        *ask = [=](int left) {
          if (left == 0) {
            into->set_value(microseconds(clock_now() - begin) * 1000 / calls);
            *ask = {};
            return self->quit();
          }
          self->request(whom, caf::infinite, left).then([ask, left](int) {
            const auto next = *ask;
            if (next) next(left - 1);
          });
        };
        const auto first = *ask;
        first(calls);
        return {[](float) {}};
      },
      &done);
  return result.get();
}

}  // namespace

void measure_children(caf::actor_system& system, const effort& how_much) {
  const struct {
    std::size_t size, repetitions, crashes;
  } sizes[] = {{1000, how_much.repetitions, 150}, {how_much.many, (how_much.repetitions + 1) / 2, 80}};
  for (const auto& [size, repetitions, crashes] : sizes) {
    for (const auto how : {kept_as::pool, kept_as::pool_with_references, kept_as::static_children}) {
      children_samples seen;
      for (std::size_t i = 0; i < repetitions; ++i) run(system, how, size, crashes, seen);
      const auto name = '.' + name_of(how) + ".N" + std::to_string(size);
      print_samples("b.start_total" + name, "ms", std::move(seen.start_ms));
      print_samples("b.start_per_child" + name, "us", std::move(seen.start_us_each));
      print_samples("b.mem_rss_per_child" + name, "B", std::move(seen.bytes_each));
      print_samples("b.restart_one" + name, "us", std::move(seen.restart_us));
      print_samples("b.shutdown_total" + name, "ms", std::move(seen.stop_ms));
    }
  }
}

void measure_reference(caf::actor_system& system, const effort& how_much) {
  constexpr int calls = 20'000;
  auto echo = system.spawn(
      [](service_actor*, bool) -> caf::behavior { return {[](int number) { return number; }}; }, true);
  const auto ref = make_stable_ref(system, {.name = "echo"});
  bind(ref, echo);
  std::vector<double> direct, through;
  call_in_turn(system, echo, calls);
  call_in_turn(system, ref, calls);
  for (std::size_t i = 0; i < 4 * how_much.repetitions; ++i) {
    direct.push_back(call_in_turn(system, echo, calls));
    through.push_back(call_in_turn(system, ref, calls));
  }
  print_samples("r.call.direct", "ns", std::move(direct));
  print_samples("r.call.stable_ref", "ns", std::move(through));
  close(ref, shutdown_reason());
  kill_now(echo);
}

}  // namespace bulwark::bench
