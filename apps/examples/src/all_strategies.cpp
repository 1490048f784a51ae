// SPDX-License-Identifier: BSD-3-Clause
// A tree with every strategy: one_for_one at the top; a store whose reader needs its writer (rest_for_one);
// two caches that must agree (one_for_all); a pool of workers that are made on demand (simple_one_for_one).
// Crashes one child of each, prints who was restarted, then "example: ok".
#include <algorithm>
#include <caf/all.hpp>
#include <chrono>
#include <iostream>
#include <map>
#include <mutex>

#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/supervision/messages.hpp"
#include "bulwark/supervision/supervisor.hpp"

namespace {

using namespace std::chrono_literals;

/// Counts how often each path was ready.
class starts {
 public:
  bulwark::event_sink sink() {
    return [this](const bulwark::supervision_event& event) {
      if (event.kind != bulwark::event_kind::ready) return;
      const std::lock_guard guard{mutex_};
      ++counts_[event.path];
    };
  }

  int of(const std::string& path) {
    const std::lock_guard guard{mutex_};
    return counts_[path];
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int> counts_;
};

bulwark::child worker(std::string id) {
  bulwark::child made;
  made.spec.id = std::move(id);
  made.start = [](caf::actor_system& system, const caf::actor&) -> caf::actor {
    return system.spawn([](bulwark::service_actor*, bool) -> caf::behavior { return {[](int) {}}; }, true);
  };
  return made;
}

bulwark::child branch(std::string name, bulwark::restart_strategy strategy,
                      std::vector<bulwark::child> children) {
  return bulwark::supervisor_child({.name = std::move(name),
                                    .flags = {.strategy = strategy, .intensity = 10, .period = 1min},
                                    .children = std::move(children)});
}

template <class Answer, class Question>
Answer ask(caf::scoped_actor& self, const caf::actor& whom, Question question) {
  Answer got;
  self->request(whom, 5s, std::move(question))
      .receive([&got](Answer& answer) { got = std::move(answer); },
               [](const caf::error& problem) { std::cerr << bulwark::error_text(problem) << '\n'; });
  return got;
}

/// Waits until the child is there: a supervisor starts its children after it was spawned.
caf::actor find_child(caf::scoped_actor& self, const caf::actor& supervisor, const std::string& id) {
  const auto patience = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < patience) {
    for (const auto& one : ask<bulwark::child_list>(self, supervisor, bulwark::which_children{}).children)
      if (one.id == id && one.handle) return one.handle;
  }
  return nullptr;
}

bool run(caf::actor_system& system) {
  using enum bulwark::restart_strategy;
  starts seen;
  bulwark::supervisor_options options{
      .name = "app", .flags = {.intensity = 10, .period = 1min}, .children = {}};
  options.sink = seen.sink();
  options.children = {branch("store", rest_for_one, {worker("log"), worker("writer"), worker("reader")}),
                      branch("caches", one_for_all, {worker("left"), worker("right")}),
                      branch("jobs", simple_one_for_one, {worker("job")})};
  const auto root = bulwark::spawn_supervisor(system, std::move(options));

  caf::scoped_actor self{system};
  const auto jobs = find_child(self, root, "jobs");
  const auto first = ask<bulwark::child_started>(self, jobs, bulwark::start_pool_child{});
  const auto second = ask<bulwark::child_started>(self, jobs, bulwark::start_pool_child{});
  for (const auto* path : {"store/writer", "caches/left", "jobs/job:1"})
    std::cout << "kills " << ask<bulwark::kill_result>(self, root, bulwark::kill_child{path, {}}).killed
              << '\n';

  const std::map<std::string, int> expected{{"store/log", 1},   {"store/writer", 2}, {"store/reader", 2},
                                            {"caches/left", 2}, {"caches/right", 2}, {"jobs/job:1", 2},
                                            {"jobs/job:2", 1}};
  // Restarts take microseconds; on a busy machine more.
  const auto patience = std::chrono::steady_clock::now() + 10s;
  bool good = false;
  while (!good && std::chrono::steady_clock::now() < patience) {
    good =
        std::ranges::all_of(expected, [&seen](const auto& one) { return seen.of(one.first) == one.second; });
    (void)ask<bulwark::child_counts>(self, root, bulwark::count_children{});
  }
  for (const auto& [path, count] : expected) std::cout << path << ": started " << seen.of(path) << " times\n";
  const auto report = ask<bulwark::stop_report>(self, root, bulwark::stop_tree{5000});
  return good && first.id == "job:1" && second.id == "job:2" && report.abandoned.empty();
}

}  // namespace

int main() {
  caf::actor_system_config config;
  bulwark::add_actors_messages(config);
  bulwark::add_supervision_messages(config);
  caf::actor_system system{config};
  const bool good = run(system);
  std::cout << (good ? "example: ok" : "example: FAILED") << std::endl;
  return good ? 0 : 1;
}
