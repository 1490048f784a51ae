// SPDX-License-Identifier: BSD-3-Clause
#include "detection.hpp"

#include "bulwark/load/process.hpp"
#include "bulwark/load/suspicions.hpp"
#include "closed_loop.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <map>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace bulwark::bench {

namespace {

using load::suspicion;
using std::chrono::system_clock;

// What a log cuts off its times.
constexpr auto resolution = std::chrono::milliseconds(1);
constexpr std::size_t named_max = 20;

/// The logs of some nodes from now on.
class log_watch {
 public:
  log_watch(const load::local_cluster& cluster, const std::vector<std::string>& nodes)
      : directory_(cluster.directory()) {
    for (const auto& id : nodes) read_[id] = content(id).size();
  }

  std::vector<suspicion> suspicions_of(const std::string& id) const {
    const auto text = content(id);
    const auto from = std::min(read_.at(id), text.size());
    return load::suspicions_in(std::string_view(text).substr(from));
  }

 private:
  std::string content(const std::string& id) const { return load::file_content(directory_ / (id + ".log")); }

  std::filesystem::path directory_;
  std::map<std::string, std::size_t> read_;
};

/// Threads that take a core each for as long as it lives.
class busy_threads {
 public:
  explicit busy_threads(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      threads_.emplace_back([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) turns_.fetch_add(1, std::memory_order_relaxed);
      });
    }
  }

 private:
  std::atomic<std::uint64_t> turns_ = 0;
  std::vector<std::jthread> threads_;  // last: they end before what they count in
};

/// Leaders that each node has seen come.
std::vector<std::uint64_t> elections_seen(const load::local_cluster& cluster) {
  std::vector<std::uint64_t> seen;
  for (const auto& id : cluster.ids()) {
    const auto status = cluster.status(id, std::chrono::seconds(5));
    if (!status) throw std::runtime_error(id + " does not say how it is");
    seen.push_back(status->elections);
  }
  return seen;
}

}  // namespace

void time_detection(const load::local_cluster& cluster, int signal, unsigned round, detections& into) {
  if (!cluster.await_all_up(std::chrono::seconds(30)))
    throw std::runtime_error("the cluster did not recover");
  const auto& victim = cluster.ids()[round % cluster.ids().size()];
  const auto process = cluster.process_of(victim);
  if (!process || process->pid <= 0) throw std::runtime_error(victim + " has no process");
  std::vector<std::string> others;
  std::ranges::copy_if(cluster.ids(), std::back_inserter(others),
                       [&](const std::string& id) { return id != victim; });
  const log_watch logs(cluster, others);
  const auto struck = system_clock::now();
  process->signal(signal);
  for (const auto& id : others) {
    std::vector<suspicion> told;
    load::eventually(std::chrono::seconds(5), [&] {
      told = logs.suspicions_of(id);
      std::erase_if(told, [&](const suspicion& each) { return each.peer != victim; });
      return !told.empty();
    });
    if (told.empty())
      ++into.missed;
    else
      into.ms.push_back(
          std::chrono::duration<double, std::milli>(told.front().at + resolution - struck).count());
  }
  if (signal == SIGSTOP) process->signal(SIGCONT);
}

quiet_load measure_quiet_load(const load::local_cluster& cluster, const quiet_load_options& options) {
  if (!cluster.await_all_up(std::chrono::seconds(30)))
    throw std::runtime_error("the cluster is not well before the load");
  quiet_load result{.busy_threads = std::max(1u, std::thread::hardware_concurrency()),
                    .clients = options.clients};
  const log_watch logs(cluster, cluster.ids());
  const auto before = elections_seen(cluster);
  {
    const busy_threads busy(result.busy_threads);
    const auto seen = run_closed_loop({.targets = cluster.endpoints(),
                                       .kind = work::put,
                                       .clients = options.clients,
                                       .value_bytes = options.value_bytes,
                                       .length = options.length});
    result.seconds = seen.seconds;
    result.puts = seen.operations;
    result.errors = seen.errors;
  }
  const auto after = elections_seen(cluster);
  for (std::size_t i = 0; i < after.size(); ++i)
    result.elections = std::max(result.elections, after[i] - before[i]);
  for (const auto& id : cluster.ids()) {
    for (const auto& each : logs.suspicions_of(id)) {
      ++result.suspicions;
      if (result.which.size() < named_max)
        result.which.push_back(id + " took " + each.peer + " for " + each.state);
    }
  }
  return result;
}

}  // namespace bulwark::bench
