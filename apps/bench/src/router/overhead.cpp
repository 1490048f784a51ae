// SPDX-License-Identifier: BSD-3-Clause
// S1: what passing through a router costs, against sending directly and CAF's own pool.
#include <algorithm>
#include <atomic>
#include <caf/all.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <thread>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/router.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "open_loop.hpp"
#include "router_bench.hpp"

namespace bulwark::bench {

namespace {

struct alignas(64) idle_count {
  std::atomic<std::uint64_t> handled{0};
};

/// Holds the threads of the scheduler while messages are sent.
struct send_gate {
  std::atomic<int> waiting{0};
  std::atomic<bool> open{false};
};
using shared_gate = std::shared_ptr<send_gate>;

}  // namespace
}  // namespace bulwark::bench

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::bench::shared_gate)

namespace bulwark::bench {
namespace {

caf::behavior counting_worker(service_actor*, std::shared_ptr<idle_count> count) {
  return {[count](std::int64_t number) {
            count->handled.store(count->handled.load(std::memory_order_relaxed) + 1,
                                 std::memory_order_relaxed);
            return number;
          },
          [](const shared_gate& gate) {
            ++gate->waiting;
            gate->open.wait(false);
          }};
}

/// What a router costs that is an actor with a mailbox: for comparison.
caf::behavior forwarding_actor(service_actor* self, std::vector<caf::actor> workers) {
  auto next = std::make_shared<std::size_t>(0);
  return {[self, next, all = std::move(workers)](std::int64_t number) {
    return self->delegate(all[(*next)++ % all.size()], number);
  }};
}

struct idle_workers {
  idle_workers(caf::actor_system& system, std::size_t count) : in{system} {
    for (std::size_t i = 0; i < count; ++i) {
      counts.push_back(std::make_shared<idle_count>());
      actors.push_back(system.spawn(counting_worker, counts.back()));
    }
  }
  ~idle_workers() {
    caf::scoped_actor self{in};
    for (const auto& one : actors) kill_now(one);
    for (const auto& one : actors) self->wait_for(one);
  }
  idle_workers(const idle_workers&) = delete;
  idle_workers& operator=(const idle_workers&) = delete;

  [[nodiscard]] std::uint64_t handled() const {
    std::uint64_t sum = 0;
    for (const auto& one : counts) sum += one->handled.load(std::memory_order_relaxed);
    return sum;
  }

  caf::actor_system& in;
  std::vector<std::shared_ptr<idle_count>> counts;
  std::vector<caf::actor> actors;
};

const std::vector<std::string> overhead_subjects = {"direct", "router p2c", "router round_robin",
                                                    "caf actor_pool", "forwarding actor"};

caf::actor way_to(caf::actor_system& system, const std::string& subject, const idle_workers& workers) {
  if (subject == "caf actor_pool") {
    auto pool = caf::actor_pool::make(system.dummy_execution_unit(), caf::actor_pool::round_robin());
    for (const auto& one : workers.actors) caf::anon_send(pool, caf::sys_atom_v, caf::put_atom_v, one);
    return pool;
  }
  if (subject == "forwarding actor") return system.spawn(forwarding_actor, workers.actors);
  auto router = make_router(system, subject, *parse_policy(subject.substr(subject.find(' ') + 1)));
  for (const auto& one : workers.actors) add_worker(router, one);
  return router;
}

/// Nanoseconds per message to send, with all workers held; then, let go, to handle.
struct send_cost {
  double send, handle;
};

send_cost send_many(const std::vector<caf::actor>& direct, const caf::actor& through, std::uint64_t messages,
                    const idle_workers& workers, std::size_t threads) {
  const auto gate = std::make_shared<send_gate>();
  const auto held = static_cast<int>(std::min(threads, workers.actors.size()));
  for (int i = 0; i < held; ++i) caf::anon_send(workers.actors[static_cast<std::size_t>(i)], gate);
  while (gate->waiting < held) std::this_thread::yield();
  const auto begin = clock_ns();
  for (std::uint64_t i = 0; i < messages; ++i)
    caf::anon_send(through ? through : direct[i % direct.size()], static_cast<std::int64_t>(i));
  const auto sent = clock_ns();
  gate->open = true;
  gate->open.notify_all();
  while (workers.handled() < messages) std::this_thread::yield();
  const auto count = static_cast<double>(messages);
  return {static_cast<double>(sent - begin) / count, static_cast<double>(clock_ns() - sent) / count};
}

/// Nanoseconds per message from the first send to the last handled one, with workers that run: as often as
/// they have nothing to do they sleep, and the sender has to wake them.
double send_freely(const std::vector<caf::actor>& direct, const caf::actor& through, std::uint64_t messages,
                   const idle_workers& workers) {
  const auto begin = clock_ns();
  for (std::uint64_t i = 0; i < messages; ++i)
    caf::anon_send(through ? through : direct[i % direct.size()], static_cast<std::int64_t>(i));
  while (workers.handled() < messages) std::this_thread::yield();
  return static_cast<double>(clock_ns() - begin) / static_cast<double>(messages);
}

/// Nanoseconds per request, with so many of one client's under way.
double ask_many(caf::actor_system& system, const std::vector<caf::actor>& direct, const caf::actor& through,
                std::uint64_t requests, std::uint64_t window) {
  std::promise<std::int64_t> done;
  auto ended = done.get_future();
  const auto begin = clock_ns();
  system.spawn(
      [=](service_actor* self, std::promise<std::int64_t>* into) -> caf::behavior {
        auto sent = std::make_shared<std::uint64_t>(0), answered = std::make_shared<std::uint64_t>(0);
        auto next = std::make_shared<std::function<void()>>();
        *next = [=, again = std::weak_ptr<std::function<void()>>{next}] {
          const auto number = (*sent)++;
          self->request(through ? through : direct[number % direct.size()], caf::infinite,
                        static_cast<std::int64_t>(number))
              .then([=](std::int64_t) {
                if (++*answered == requests) {
                  into->set_value(clock_ns());
                  return self->quit();
                }
                const auto strong = again.lock();
                if (strong && *sent < requests) (*strong)();
              });
        };
        for (std::uint64_t i = 0; i < window; ++i) (*next)();
        return {[next](float) {}};
      },
      &done);
  return static_cast<double>(ended.get() - begin) / static_cast<double>(requests);
}

}  // namespace

void measure_overhead(caf::actor_system& system, const router_effort& effort, router_results& into) {
  for (std::size_t run = 0; run <= effort.runs; ++run)  // the first warms up
    for (const std::size_t count : {2U, 8U, 64U})
      for (const auto& subject : overhead_subjects) {
        const auto setup = std::to_string(count) + " idle workers";
        const auto measure = [&](const char* metric, const auto& how) {
          idle_workers workers{system, count};
          const auto through = subject == "direct" ? caf::actor{} : way_to(system, subject, workers);
          const auto value = how(workers, through);
          if (through) caf::anon_send_exit(through, caf::exit_reason::user_shutdown);
          if (run > 0) into.add("S1", setup, subject, metric, "ns", value);
        };
        if (subject != "forwarding actor")  // it would have to run
          measure("send", [&](const idle_workers& workers, const caf::actor& through) {
            const auto cost = send_many(workers.actors, through, effort.messages, workers,
                                        system.scheduler().num_workers());
            if (run > 0) into.add("S1", setup, subject, "handle", "ns", cost.handle);
            if (run > 0) into.add("S1", setup, subject, "send + handle", "ns", cost.send + cost.handle);
            return cost.send;
          });
        measure("send, free running", [&](const idle_workers& workers, const caf::actor& through) {
          return send_freely(workers.actors, through, effort.messages, workers);
        });
        measure("request, window 1", [&](const idle_workers& workers, const caf::actor& through) {
          return ask_many(system, workers.actors, through, effort.messages / 10, 1);
        });
        measure("request, window 64", [&](const idle_workers& workers, const caf::actor& through) {
          return ask_many(system, workers.actors, through, effort.messages / 4, 64);
        });
      }
  for (const char* setup : {"2 idle workers", "8 idle workers", "64 idle workers"}) {
    for (const char* metric : {"send + handle", "send, free running"})
      into.expect_ratio("S1", setup, metric, "router p2c", "direct", 1.5);
    into.expect_ratio("S1", setup, "send, free running", "forwarding actor", "direct", 4.0);
  }
}

}  // namespace bulwark::bench
