// SPDX-License-Identifier: BSD-3-Clause
// S2, S3 and S6: how late answers are under load that is offered regardless, for each policy.
#include <atomic>
#include <caf/all.hpp>
#include <optional>
#include <thread>

#include "bulwark/actors/router.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "open_loop.hpp"
#include "router_bench.hpp"

namespace bulwark::bench {

namespace {

using namespace std::chrono_literals;

constexpr double mean_service_s = 0.002;
constexpr const char* caf_pool = "caf actor_pool";
constexpr const char* caf_direct = "caf direct, in turn";

struct balance_setup {
  const char* scenario;
  std::string name;
  double load;  ///< of what eight workers at full speed can do
  std::function<void(std::vector<shared_tally>&)> spoil{};
};

/// Sends to the workers in the way that `subject` names.
class sender {
 public:
  sender(caf::actor_system& system, const std::string& subject, const std::vector<caf::actor>& workers)
      : workers_{workers} {
    if (subject == caf_direct) return;
    if (subject == caf_pool) {
      target_ = caf::actor_pool::make(system.dummy_execution_unit(), caf::actor_pool::round_robin());
      for (const auto& one : workers) caf::anon_send(target_, caf::sys_atom_v, caf::put_atom_v, one);
      return;
    }
    router_ = true;
    target_ = make_router(system, subject, *parse_policy(subject));
    for (const auto& one : workers) add_worker(target_, one);
  }
  ~sender() {
    if (router_) caf::anon_send_exit(target_, caf::exit_reason::user_shutdown);
  }
  sender(const sender&) = delete;
  sender& operator=(const sender&) = delete;

  void operator()(std::int64_t intended, std::int64_t service) {
    caf::anon_send(target_ ? target_ : workers_[next_++ % workers_.size()], intended, service);
  }

 private:
  const std::vector<caf::actor>& workers_;
  caf::actor target_;
  bool router_ = false;
  std::size_t next_ = 0;
};

void record(router_results& into, const balance_setup& setup, const std::string& subject,
            const worker_row& row) {
  auto samples = row.latencies();
  into.add(setup.scenario, setup.name, subject, "p50", "ms", quantile(samples, 0.5));
  into.add(setup.scenario, setup.name, subject, "p99", "ms", quantile(samples, 0.99));
  into.add(setup.scenario, setup.name, subject, "max/mean", "x", row.max_to_mean());
}

void run_once(caf::actor_system& system, const router_effort& effort, const balance_setup& setup,
              const std::string& subject, std::uint64_t seed, router_results& into) {
  worker_row row{system, setup.spoil};
  std::optional<sender> send;
  send.emplace(system, subject, row.workers());
  const auto jobs = offer({.per_second = setup.load * 8 / mean_service_s,
                           .seconds = effort.seconds,
                           .service = 2ms,
                           .seed = seed},
                          [&](std::int64_t intended, std::int64_t service) { (*send)(intended, service); });
  const bool all = row.await(jobs);
  into.expect(setup.scenario, setup.name, subject + ": all jobs handled", static_cast<double>(jobs), all);
  record(into, setup, subject, row);
}

void run_all(caf::actor_system& system, const router_effort& effort, const std::vector<balance_setup>& setups,
             const std::vector<std::string>& subjects, router_results& into) {
  for (std::size_t run = 0; run < effort.runs; ++run)
    for (const auto& setup : setups)
      for (const auto& subject : subjects) run_once(system, effort, setup, subject, run + 1, into);
}

const std::vector<std::string> balance_subjects = {caf_pool, caf_direct, "round_robin",
                                                   "random", "weighted", "weighted:2",
                                                   "p2c",    "p2c_ewma", "least_loaded"};

/// A worker that its routers know by its reports only, as one on another node: it shows no mailbox, and what
/// it is sent passes through.
class distant_worker final : public caf::monitorable_actor {
 public:
  distant_worker(caf::actor_config& config, caf::actor target)
      : caf::monitorable_actor{config}, target_{std::move(target)} {}
  using caf::monitorable_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    target_->enqueue(std::move(element), host);
  }
  void on_destroy() override {
    cleanup(caf::make_error(caf::exit_reason::unreachable), nullptr);
    caf::monitorable_actor::on_destroy();
  }

 private:
  const caf::actor target_;
};

/// Four routers share the workers; each knows its own messages, and the reports.
class distant_service {
 public:
  distant_service(caf::actor_system& system, const std::string& policy,
                  const std::vector<caf::actor>& workers, duration report_each)
      : workers_{workers} {
    for (const auto& one : workers) {
      caf::actor_config config;
      stand_ins_.push_back(caf::make_actor<distant_worker, caf::actor>(system.next_actor_id(), system.node(),
                                                                       &system, config, one));
    }
    for (int i = 0; i < 4; ++i) {
      routers_.push_back(make_router(system, policy, *parse_policy(policy)));
      for (const auto& one : stand_ins_) add_worker(routers_.back(), one);
    }
    reporter_ = std::thread{[this, report_each] { report(report_each); }};
  }
  ~distant_service() {
    stop_ = true;
    reporter_.join();
    for (const auto& one : routers_) caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
  }
  distant_service(const distant_service&) = delete;
  distant_service& operator=(const distant_service&) = delete;

  void send(std::int64_t intended, std::int64_t service) {
    caf::anon_send(routers_[next_++ % routers_.size()], intended, service);
  }

 private:
  void report(duration each) {
    for (auto at = std::chrono::steady_clock::now(); !stop_; at += each) {
      std::this_thread::sleep_until(at);
      for (std::size_t i = 0; i < workers_.size(); ++i)
        for (const auto& router : routers_)
          report_load(router, stand_ins_[i], gauge_of(workers_[i])->depth());
    }
  }

  const std::vector<caf::actor>& workers_;
  std::vector<caf::actor> stand_ins_, routers_;
  std::atomic<bool> stop_{false};
  std::size_t next_ = 0;
  std::thread reporter_;
};

}  // namespace

void measure_uniform(caf::actor_system& system, const router_effort& effort, router_results& into) {
  run_all(system, effort, {{"S2", "load 0.8", 0.8}, {"S2", "load 0.95", 0.95}}, balance_subjects, into);
  into.expect_ratio("S2", "load 0.8", "p99", "p2c", "round_robin", 0.65);
}

void measure_slow(caf::actor_system& system, const router_effort& effort, router_results& into) {
  const auto slower = [](double factor) {
    return [factor](std::vector<shared_tally>& all) { all.front()->slowness = factor; };
  };
  const auto stalls = [](std::vector<shared_tally>& all) {
    all.front()->stall_each = 1s;
    all.front()->stall = 200ms;
  };
  run_all(system, effort,
          {{"S3", "one 2x slow, load 0.5", 0.5, slower(2)},
           {"S3", "one 5x slow, load 0.6", 0.6, slower(5)},
           {"S3", "200 ms stalls, load 0.5", 0.5, stalls}},
          balance_subjects, into);
  for (const char* setup : {"one 2x slow, load 0.5", "one 5x slow, load 0.6", "200 ms stalls, load 0.5"})
    into.expect_ratio("S3", setup, "p99", "p2c", "round_robin", 0.25);
  into.expect_ratio("S3", "one 2x slow, load 0.5", "p99", "weighted", "round_robin", 0.30);
}

void measure_stale(caf::actor_system& system, const router_effort& effort, router_results& into) {
  for (std::size_t run = 0; run < effort.runs; ++run)
    for (const int late : {1, 5, 20})
      for (const char* policy : {"round_robin", "weighted", "p2c", "least_loaded"}) {
        const balance_setup setup{"S6", "reports every " + std::to_string(late) + " service times", 0.8};
        worker_row row{system, {}};
        distant_service service{system, policy, row.workers(), late * 2ms};
        const auto jobs =
            offer({.per_second = setup.load * 8 / mean_service_s,
                   .seconds = effort.seconds,
                   .service = 2ms,
                   .seed = run + 1},
                  [&](std::int64_t intended, std::int64_t length) { service.send(intended, length); });
        const bool all = row.await(jobs);
        into.expect("S6", setup.name, std::string{policy} + ": all jobs handled", static_cast<double>(jobs),
                    all);
        record(into, setup, policy, row);
      }
  into.expect_ratio("S6", "reports every 5 service times", "p99", "p2c", "round_robin", 1.0);
}

}  // namespace bulwark::bench
