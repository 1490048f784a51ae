// SPDX-License-Identifier: BSD-3-Clause
// S4 and S5: what becomes of messages while workers are killed, join and drain, and under too many of them.
#include <unistd.h>

#include <caf/all.hpp>
#include <fstream>
#include <thread>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/router.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "open_loop.hpp"
#include "router_bench.hpp"

namespace bulwark::bench {

namespace {

using namespace std::chrono_literals;

double resident_mb() {
  std::size_t total = 0, resident = 0;
  std::ifstream{"/proc/self/statm"} >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

/// What came back to a client for its requests.
struct client_count {
  std::atomic<std::uint64_t> asked{0}, answered{0}, refused{0};
};

caf::behavior asking_client(service_actor* self, caf::actor router, std::shared_ptr<client_count> count) {
  return {[=](std::int64_t intended, std::int64_t service) {
    ++count->asked;
    self->request(router, caf::infinite, intended, service)
        .then([count](std::int64_t) { ++count->answered; }, [count](const caf::error&) { ++count->refused; });
  }};
}

bool becomes_quiet(const caf::actor& router) {
  const auto latest = std::chrono::steady_clock::now() + 1min;
  for (;;) {
    const auto counts = counts_of(router);
    if (counts.in_flight == 0 && counts.waiting == 0) return true;
    if (std::chrono::steady_clock::now() > latest) return false;
    std::this_thread::sleep_for(1ms);
  }
}

void churn_once(caf::actor_system& system, const router_effort& effort, delivery_mode mode,
                std::uint64_t seed, router_results& into) {
  const std::string setup = mode == delivery_mode::at_most_once ? "at most once" : "at least once";
  router_options options;
  options.name = "churn";
  options.delivery = mode;
  options.attempts_max = 15;
  const auto router = make_router(system, options);
  worker_row row{system, {}, 6};
  for (const auto& one : row.workers()) add_worker(router, one);
  const auto count = std::make_shared<client_count>();
  const auto client = system.spawn(asking_client, router, count);
  const auto begin = clock_ns();
  std::int64_t half_seconds = 0;
  const auto jobs =
      offer({.per_second = 0.5 * 6 / 0.002, .seconds = effort.seconds + 2, .service = 2ms, .seed = seed},
            [&, odd = false](std::int64_t intended, std::int64_t service) mutable {
              odd = !odd;
              caf::anon_send(odd ? router : client, intended, service);
              if ((clock_ns() - begin) / 500'000'000 == half_seconds) return;
              ++half_seconds;
              const auto there = worker_loads(router);
              if (!there.empty())
                kill_now(there[static_cast<std::size_t>(half_seconds) % there.size()].worker);
              for (int i = half_seconds == 3 ? 0 : 2; i < 3; ++i) add_worker(router, row.join());
              if (half_seconds == 6) drain_worker(router, worker_loads(router).front().worker);
            });
  while (count->asked < jobs / 2) std::this_thread::sleep_for(1ms);
  const bool quiet = becomes_quiet(router);
  const auto latest = std::chrono::steady_clock::now() + 10s;
  while (count->answered + count->refused < count->asked && std::chrono::steady_clock::now() < latest)
    std::this_thread::sleep_for(1ms);
  const auto counts = counts_of(router);
  row.end();
  std::uint64_t twice = 0;
  const auto times = row.jobs();
  for (const auto& [job, often] : times) twice += static_cast<std::uint64_t>(often - 1);
  const auto note = [&](const char* what, double value) { into.add("S4", setup, "p2c", what, "", value); };
  note("sent", static_cast<double>(jobs));
  note("done", static_cast<double>(counts.done));
  note("failed visibly", static_cast<double>(counts.failed));
  note("rejected", static_cast<double>(counts.rejected));
  note("redelivered", static_cast<double>(counts.redelivered));
  note("handled twice", static_cast<double>(twice));
  const auto lost =
      static_cast<double>(jobs) - static_cast<double>(counts.done + counts.failed + counts.rejected);
  note("silently lost", lost);
  const auto unanswered = count->asked - count->answered - count->refused;
  into.expect("S4", setup, "sent = done + rejected + failed", lost, quiet && lost == 0 && counts.add_up());
  into.expect("S4", setup, "requests without an answer = 0", static_cast<double>(unanswered),
              unanswered == 0);
  into.expect("S4", setup, "done, and handled by nobody = 0",
              std::max(0.0, static_cast<double>(counts.done) - static_cast<double>(times.size())),
              counts.done <= times.size());
  caf::anon_send_exit(client, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(router, caf::exit_reason::user_shutdown);
}

void overload_once(caf::actor_system& system, const router_effort& effort, std::uint64_t seed,
                   router_results& into) {
  constexpr int queued = 4;  // K: behind the one being worked on
  const std::string setup = "twice the capacity, K = 4";
  router_options options;
  options.name = "overload";
  options.rules.bounds.per_worker = queued + 1;
  const auto router = make_router(system, options);
  worker_row row{system, {}};
  for (const auto& one : row.workers()) add_worker(router, one);
  const auto memory = resident_mb();
  const auto seconds = effort.seconds + 2;
  const auto jobs = offer(
      {.per_second = 2 * 8 / 0.002, .seconds = seconds, .service = 2ms, .exponential = false, .seed = seed},
      [&](std::int64_t intended, std::int64_t service) { caf::anon_send(router, intended, service); });
  const auto in_time = static_cast<double>(counts_of(router).done);
  const auto grown = resident_mb() - memory;
  const bool quiet = becomes_quiet(router);
  const auto counts = counts_of(router);
  row.end();
  auto samples = row.latencies();
  const auto goodput = in_time / (seconds * 8 / 0.002);
  const auto note = [&](const char* what, const char* unit, double value) {
    into.add("S5", setup, "p2c", what, unit, value);
  };
  note("goodput", "of capacity", goodput);
  note("p50 of accepted", "ms", quantile(samples, 0.5));
  note("p99 of accepted", "ms", quantile(samples, 0.99));
  note("shed", "messages", static_cast<double>(counts.rejected));
  note("memory grown", "MB", grown);
  into.expect("S5", setup, "goodput >= 0.95 of capacity", goodput, goodput >= 0.95);
  into.expect("S5", setup, "p50 of accepted <= 1.1 (K + 1) service times", quantile(samples, 0.5),
              quantile(samples, 0.5) <= 1.1 * (queued + 1) * 2);
  const auto handled = static_cast<double>(samples.size());
  into.expect("S5", setup, "sent - shed = handled", static_cast<double>(jobs - counts.rejected) - handled,
              quiet && static_cast<double>(jobs - counts.rejected) == handled);
  caf::anon_send_exit(router, caf::exit_reason::user_shutdown);
}

}  // namespace

void measure_churn(caf::actor_system& system, const router_effort& effort, router_results& into) {
  for (std::size_t run = 0; run < effort.runs; ++run)
    for (const auto mode : {delivery_mode::at_most_once, delivery_mode::at_least_once})
      churn_once(system, effort, mode, run + 1, into);
}

void measure_overload(caf::actor_system& system, const router_effort& effort, router_results& into) {
  for (std::size_t run = 0; run < effort.runs; ++run) overload_once(system, effort, run + 1, into);
}

}  // namespace bulwark::bench
