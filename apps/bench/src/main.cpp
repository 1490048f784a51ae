// SPDX-License-Identifier: BSD-3-Clause
// bulwark-bench: how fast a cluster (or any server that speaks RESP) puts and gets, and how long it is
// without a leader.
#include "bulwark/load/local_cluster.hpp"
#include "closed_loop.hpp"
#include "detection.hpp"
#include "failover.hpp"
#include "report.hpp"
#include "snapshot_pauses.hpp"

#include <CLI/CLI.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace bulwark;
using bench::work;

struct bench_options {
  std::string target;
  std::filesystem::path program;
  unsigned nodes = 3;
  std::vector<std::size_t> clients = {1, 64, 256};
  std::vector<std::string> what = {"put", "get", "failover"};
  std::size_t value_bytes = 256;
  std::optional<double> seconds;
  unsigned rounds = 3;
  unsigned detections = 5;
  unsigned failovers = 20;
  unsigned at_most_ms = 100;
  bool spread = false;
  unsigned lease_ms = 0;
  std::size_t state_mib = 1024;
  bool tls = false;
  std::string output = "table";

  bool wants(const std::string& name) const {
    return std::find(what.begin(), what.end(), name) != what.end();
  }

  duration length(double otherwise) const {
    return std::chrono::duration_cast<duration>(std::chrono::duration<double>(seconds.value_or(otherwise)));
  }
};

double milliseconds(duration length) { return std::chrono::duration<double, std::milli>(length).count(); }

/// Progress goes to standard error, so that standard output is the report alone.
void say(const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); }

void measure_points(const bench_options& options, const std::vector<load::endpoint>& targets,
                    bench::report& into) {
  for (const auto kind : {work::put, work::get, work::stale}) {
    if (!options.wants(to_string(kind))) continue;
    for (const auto clients : options.clients) into.points.push_back({.kind = kind, .clients = clients});
  }
  if (options.wants("get") || options.wants("stale"))
    bench::fill(targets.front(), 10'000, options.value_bytes);
  // Rounds are interleaved: a machine that slows down for a while then slows down every point a little.
  for (unsigned round = 1; round <= options.rounds; ++round) {
    for (auto& each : into.points) {
      const auto measured = bench::run_closed_loop({.targets = targets,
                                                    .kind = each.kind,
                                                    .clients = each.clients,
                                                    .value_bytes = options.value_bytes,
                                                    .at_most = std::chrono::milliseconds(options.at_most_ms),
                                                    .length = options.length(5)});
      each.rates.push_back(measured.rate());
      each.p50_ms.push_back(milliseconds(measured.latencies.quantile(0.5)));
      each.p99_ms.push_back(milliseconds(measured.latencies.quantile(0.99)));
      each.errors += measured.errors;
      say("round " + std::to_string(round) + ": " + to_string(each.kind) + " with " +
          std::to_string(each.clients) +
          " clients: " + std::to_string(static_cast<std::uint64_t>(measured.rate())) + " op/s" +
          (measured.errors > 0 ? ", errors such as: " + measured.first_error : ""));
    }
  }
}

/// Strikes the leader with the signal again and again; a paused one goes on after each round.
void measure_failovers(const bench_options& options, const load::local_cluster& cluster, int signal,
                       bench::failovers& into) {
  for (unsigned round = 1; round <= options.failovers; ++round) {
    if (!cluster.await_all_up(std::chrono::seconds(30)))
      throw std::runtime_error("the cluster did not recover");
    const auto leader = cluster.await_leader(std::chrono::seconds(5));
    const auto victim = cluster.process_of(leader);
    if (!victim || victim->pid <= 0) throw std::runtime_error("the leader has no process");
    std::vector<load::endpoint> survivors;
    for (const auto& id : cluster.ids()) {
      if (id != leader) survivors.push_back(cluster.endpoint_of(id));
    }
    const auto took = bench::time_failover(
        survivors, [&] { victim->signal(signal); }, std::chrono::seconds(15));
    if (signal == SIGSTOP) victim->signal(SIGCONT);
    if (took) {
      into.ms.push_back(milliseconds(*took));
      say((signal == SIGSTOP ? "pause " : "failover ") + std::to_string(round) + ": " +
          std::to_string(static_cast<long>(milliseconds(*took))) + " ms");
    } else {
      ++into.missed;
    }
  }
}

/// Each node in turn is killed, then each in turn stopped.
void measure_detection(const bench_options& options, const load::local_cluster& cluster,
                       bench::report& into) {
  for (unsigned round = 0; round < options.detections; ++round) {
    bench::time_detection(cluster, SIGKILL, round, into.crashes);
    say("detection of kill -9: round " + std::to_string(round + 1));
  }
  for (unsigned round = 0; round < options.detections; ++round) {
    bench::time_detection(cluster, SIGSTOP, round, into.stops);
    say("detection of SIGSTOP: round " + std::to_string(round + 1));
  }
}

bench::report measure_cluster(const bench_options& options) {
  std::vector<std::string> extra{"--lease-ms", std::to_string(options.lease_ms)};
  if (options.tls) extra.push_back("--tls");
  const load::local_cluster cluster(
      {.program = options.program, .nodes = options.nodes, .extra = std::move(extra)});
  const auto leader = cluster.await_leader(std::chrono::seconds(10));
  bench::report result{.target =
                           "bulwark, " + std::to_string(options.nodes) + " nodes on loopback, clients at " +
                           (options.spread ? "all nodes" : "the leader") +
                           (options.lease_ms > 0 ? ", with leases" : "") + (options.tls ? ", by TLS" : "")};
  const auto targets = options.spread ? cluster.endpoints() : std::vector{cluster.endpoint_of(leader)};
  measure_points(options, targets, result);
  if (options.wants("failover")) measure_failovers(options, cluster, SIGKILL, result.killed);
  if (options.wants("pause")) measure_failovers(options, cluster, SIGSTOP, result.paused);
  if (options.wants("detect")) measure_detection(options, cluster, result);
  if (options.wants("quiet-load")) {
    say("load for " + std::to_string(static_cast<long>(milliseconds(options.length(60)) / 1000)) + " s");
    result.quiet = bench::measure_quiet_load(cluster, {.clients = options.clients.back(),
                                                       .value_bytes = options.value_bytes,
                                                       .length = options.length(60)});
  }
  if (options.wants("snapshot")) {
    say("filling " + std::to_string(options.state_mib) + " MiB");
    result.snapshots = bench::measure_snapshots(cluster, {.state_bytes = options.state_mib << 20,
                                                          .value_bytes = options.value_bytes,
                                                          .clients = options.clients.front()});
  }
  return result;
}

bench::report measure_target(const bench_options& options) {
  const auto target = load::parse_endpoint(options.target);
  if (!target) throw std::runtime_error("--target: expected host:port, found " + options.target);
  bench::report result{.target = options.target};
  measure_points(options, {*target}, result);
  return result;
}

void allow_many_connections() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace

int main(int argc, char** argv) {
  bench_options options;
  options.program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "bulwark";
  CLI::App app("Measures a bulwark cluster of its own, or a server that speaks RESP.", "bulwark-bench");
  app.add_option("--target", options.target,
                 "measure the server at host:port instead of starting a cluster (no failover)");
  app.add_option("--program", options.program, "the program bulwark")->check(CLI::ExistingFile);
  app.add_option("--nodes", options.nodes, "of the cluster")->capture_default_str()->check(CLI::Range(1, 15));
  app.add_option("--clients", options.clients, "numbers of clients, separated by commas")->delimiter(',');
  app.add_option(
         "--what", options.what,
         "put, get, stale (a get that may be old), failover (kill -9 of the leader), pause (SIGSTOP of it), "
         "snapshot, detect (until the other nodes say of a killed, then of a stopped one that it is not up), "
         "quiet-load (how often nodes suspect each other while the machine has far too much to do), "
         "separated by commas")
      ->delimiter(',')
      ->check(
          CLI::IsMember({"put", "get", "stale", "failover", "pause", "snapshot", "detect", "quiet-load"}));
  app.add_option("--value-bytes", options.value_bytes, "size of a value")->capture_default_str();
  app.add_option("--seconds", options.seconds,
                 "per point and round (default 5), or of the load of quiet-load (default 60)")
      ->check(CLI::PositiveNumber);
  app.add_option("--rounds", options.rounds, "how often each point is measured, interleaved")
      ->capture_default_str();
  app.add_option("--failovers", options.failovers, "how often the leader is killed, or paused")
      ->capture_default_str();
  app.add_option("--detections", options.detections, "how often a node is killed, and stopped, for detect")
      ->capture_default_str();
  app.add_option("--at-most-ms", options.at_most_ms, "how old a stale get may be")->capture_default_str();
  app.add_flag("--spread", options.spread, "clients at all nodes, not at the leader alone");
  app.add_option("--lease-ms", options.lease_ms, "leases of the cluster's leader; 0: none")
      ->capture_default_str();
  app.add_option("--state-mib", options.state_mib, "values in the state of which snapshots are measured")
      ->capture_default_str();
  app.add_flag("--tls", options.tls, "nodes of the cluster talk by TLS");
  app.add_option("-o,--output", options.output, "table or json")->check(CLI::IsMember({"table", "json"}));
  CLI11_PARSE(app, argc, argv);
  allow_many_connections();
  try {
    const auto result = options.target.empty() ? measure_cluster(options) : measure_target(options);
    const auto text = options.output == "json" ? to_json(result) : to_table(result);
    std::fputs(text.c_str(), stdout);
    return is_good(result) ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bulwark-bench: %s\n", error.what());
    return 1;
  }
}
