// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/load/demo.hpp"

#include "bulwark/load/checked_load.hpp"
#include "bulwark/load/local_cluster.hpp"
#include "demo_options.hpp"
#include "demo_report.hpp"
#include "fault.hpp"
#include "progress.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <thread>

namespace bulwark {

namespace {

using namespace load;
using std::chrono::steady_clock;

volatile std::sig_atomic_t interrupted = 0;

/// While it lives, signals that would end the process only note that they came, so that everything is cleaned
/// up.
class signal_guard {
 public:
  signal_guard() {
    struct sigaction note {};
    note.sa_handler = [](int) { interrupted = 1; };
    for (std::size_t i = 0; i < ending.size(); ++i) ::sigaction(ending[i], &note, &before_[i]);
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &pipe_before_);
  }
  signal_guard(const signal_guard&) = delete;
  signal_guard& operator=(const signal_guard&) = delete;
  ~signal_guard() {
    for (std::size_t i = 0; i < ending.size(); ++i) ::sigaction(ending[i], &before_[i], nullptr);
    ::sigaction(SIGPIPE, &pipe_before_, nullptr);
  }

 private:
  static constexpr std::array ending = {SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, ending.size()> before_{};
  struct sigaction pipe_before_ {};
};

struct interruption {};

class demo {
 public:
  explicit demo(const demo_options& options)
      : options_(options),
        whole_(std::chrono::duration_cast<duration>(std::chrono::duration<double>(options.seconds))),
        progress_(whole_ + std::chrono::seconds(4)) {}

  demo_report run() {
    progress_.step("starting " + std::to_string(options_.nodes) + " nodes");
    local_cluster cluster(
        {.program = std::filesystem::read_symlink("/proc/self/exe"), .nodes = options_.nodes});
    if (options_.keep) {
      cluster.keep_directory();
      progress_.step("data and logs stay in " + cluster.directory().string());
    }
    checked_load load({.endpoints = cluster.endpoints(), .clients = options_.clients, .prefix = "demo:"});
    load.start();
    const auto faults = demo_faults();
    const duration phase = whole_ / static_cast<int>(faults.size() + 1);
    progress_.step("writing with " + std::to_string(options_.clients) + " clients");
    watch(load, steady_clock::now() + phase);
    demo_report report{.nodes = options_.nodes};
    for (const auto& each : faults) report.rows.push_back(suffer(each, cluster, load, phase));
    progress_.step("reading everything back");
    load.stop();
    report.last_audit = load.audit(std::chrono::seconds(15));
    report.total = load.totals();
    report.findings = load.findings();
    const auto latencies = load.write_latencies();
    report.write_p50 = latencies.quantile(0.5);
    report.write_p99 = latencies.quantile(0.99);
    progress_.step("stopping the cluster");
    return report;
  }

 private:
  fault_row suffer(const fault& what, const local_cluster& cluster, checked_load& load, duration phase) {
    progress_.step(what.name);
    const auto before = load.totals();
    const auto happened = what.inject(cluster);
    load.mark_fault(happened.at);
    fault_row row{.name = what.name, .victim = happened.victim};
    const auto patience = happened.at + std::chrono::seconds(20);
    while (!row.recovered && steady_clock::now() < patience) {
      if (!row.detected && happened.detected()) row.detected = steady_clock::now() - happened.at;
      // Recovery may be over before the fault was ever seen as such between two looks.
      if (load.write_after_fault() && happened.recovered()) {
        row.recovered = steady_clock::now() - happened.at;
        if (!row.detected) row.detected = row.recovered;
      }
      // Looks at other nodes take a while; a write that another leader acknowledged says it sooner.
      if (const auto written = load.write_after_fault(); written && happened.hits_leader) {
        row.detected = std::min(row.detected.value_or(*written), *written);
      }
      tick(load);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    watch(load, std::max(happened.at + phase * 3 / 4, steady_clock::now() + phase / 4));
    row.writes_stopped = load.longest_gap();
    if (happened.heal) happened.heal();
    if (!cluster.await_all_up(std::chrono::seconds(20))) row.recovered.reset();
    load.audit(std::chrono::seconds(10));
    row.operations = load.totals() - before;
    return row;
  }

  void watch(const checked_load& load, instant until) {
    while (steady_clock::now() < until) {
      tick(load);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  void tick(const checked_load& load) {
    if (interrupted != 0) throw interruption{};
    const auto totals = load.totals();
    progress_.update(std::to_string(totals.done) + " done, " + std::to_string(totals.lost) + " lost");
  }

  const demo_options options_;
  const duration whole_;
  progress progress_;
};

}  // namespace

int run_demo(int argc, char** argv) {
  const auto [options, exit_code] = parse_demo_options(argc, argv);
  if (exit_code) return *exit_code;
  interrupted = 0;
  const signal_guard guard;
  try {
    const auto report = demo(options).run();
    const auto text = options.json ? to_json(report) : to_table(report);
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
    return report.ok() ? 0 : 1;
  } catch (const interruption&) {
    std::fputs("interrupted; the cluster is stopped\n", stderr);
    return 130;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bulwark demo: %s\n", error.what());
    return 1;
  }
}

}  // namespace bulwark
