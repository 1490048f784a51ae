// SPDX-License-Identifier: BSD-3-Clause
// Compares failure detectors on the same traces, at the same detection times, and measures what ours costs.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <new>

#include "bulwark/supervision/core/failure_detector.hpp"
#include "plot.hpp"
#include "rivals.hpp"

namespace {

std::size_t allocations = 0;

}  // namespace

// Not inline, lest the compiler sees free() meet a new that is not its own.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (auto* memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace bulwark::bench {
namespace {

const std::vector<double> table_times{200, 300, 500, 1000};
const std::vector<double> plot_times{150, 200, 250, 300, 400, 500, 700, 1000};

plot_panel compare(const trace& over, const std::vector<rival>& rivals) {
  std::printf("\n%s, %.0f h: mistakes per hour at a mean detection time of\n%-16s", over.name.c_str(),
              over.hours(), "");
  for (const auto time : table_times) std::printf("%13.0f ms", time);
  std::printf("   accuracy at %.0f ms\n", table_times[2]);
  plot_panel panel{over.name, {}};
  for (const auto& one : rivals) {
    std::printf("%-16s", one.name.c_str());
    plot_line line{one.name, {}};
    double accuracy = 1;
    for (const auto time : plot_times) {
      const auto got = at_detection_time(one, over, time);
      const bool reached = std::abs(got.detection_ms - time) < time / 50;
      if (reached) line.points.emplace_back(time, got.mistakes_per_hour);
      if (time == table_times[2]) accuracy = got.accuracy;
      if (std::find(table_times.begin(), table_times.end(), time) == table_times.end()) continue;
      reached ? std::printf("%16.2f", got.mistakes_per_hour) : std::printf("%16s", "-");
      std::fflush(stdout);
    }
    std::printf("   %.7f\n", accuracy);
    panel.lines.push_back(std::move(line));
  }
  for (const auto kind : {detector_kind::phi, detector_kind::fixed}) {
    const auto got = as_by_default(kind, over);
    std::printf(
        "bulwark, as set by default, %s: detection time %.0f ms, %.2f mistakes per hour, accuracy %.7f\n",
        to_string(kind), got.detection_ms, got.mistakes_per_hour, got.accuracy);
  }
  return panel;
}

void measure_cost() {
  using clock = std::chrono::steady_clock;
  constexpr std::uint32_t peers = 10'000;
  constexpr int rounds = 100;
  std::vector<std::uint32_t> all(peers);
  for (std::uint32_t i = 0; i < peers; ++i) all[i] = i;
  const instant start{std::chrono::hours{1}};
  failure_detector detector{{}, all, start};
  std::vector<peer_change> changes;
  changes.reserve(peers);
  auto now = start;
  const auto hear_all = [&] {
    now += std::chrono::milliseconds{100};
    for (const auto peer : all) detector.heard(peer, evidence::beat, now, changes);
    changes.clear();
  };
  for (int i = 0; i < 250; ++i) hear_all();  // every window is full
  const auto before = allocations;
  auto since = clock::now();
  for (int i = 0; i < rounds; ++i) hear_all();
  const std::chrono::duration<double, std::nano> hearing = clock::now() - since;
  since = clock::now();
  for (int i = 0; i < rounds; ++i) detector.judge(detector.next_judgement(), changes);
  const std::chrono::duration<double, std::micro> judging = clock::now() - since;
  std::printf("\ncost with %u peers: %.0f ns per heartbeat, %.0f us to judge all, %zu allocations\n", peers,
              hearing.count() / rounds / peers, judging.count() / rounds, allocations - before);
}

int run(int argc, char** argv) {
  CLI::App app{"Compares failure detectors on the same simulated traces of heartbeats every 100 ms.",
               "bench_detector"};
  app.option_defaults()->always_capture_default();
  std::size_t beats = 100'000;
  std::uint64_t seed = 1;
  std::string file;
  app.add_option("--beats", beats, "length of each trace")->check(CLI::Range(10'000, 100'000'000));
  app.add_option("--seed", seed, "of the traces");
  app.add_option("--svg", file, "where to draw the curves");
  CLI11_PARSE(app, argc, argv);

  const auto rivals = all_rivals();
  plot_frame frame{"Failure detectors: mistakes against speed",
                   "mean detection time, ms",
                   "mistakes per hour",
                   0,
                   1000,
                   -2,
                   4};
  for (auto* make : {lan_trace, wan_trace, stall_trace, burst_trace})
    frame.panels.push_back(compare(make(beats, seed), rivals));
  measure_cost();
  if (file.empty()) return 0;
  std::ofstream out{file};
  out << svg(frame);
  out.close();
  if (out) return 0;
  std::cerr << "bench_detector: cannot write " << file << '\n';
  return 1;
}

}  // namespace
}  // namespace bulwark::bench

int main(int argc, char** argv) { return bulwark::bench::run(argc, argv); }
