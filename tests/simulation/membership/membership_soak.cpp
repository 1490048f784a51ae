// SPDX-License-Identifier: BSD-3-Clause
// Simulates membership: all scenarios with many nodes, as a table, or random worlds from seeds.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "membership_scenarios.hpp"

namespace {

using bulwark::test::scenario_outcome;
using bulwark::test::world_options;

constexpr const char* usage =
    "usage: membership_soak [NODES [SEED [OBSERVERS THRESHOLD]]] [--plain]\n"
    "       membership_soak --chaos COUNT [FIRST]\n"
    "       membership_soak --cables COUNT [FIRST]\n"
    "--plain: no helpers and no local health, to compare\n";

int refuse() {
  std::fputs(usage, stderr);
  return 2;
}

double at_share(const std::vector<double>& ascending, double share) {
  if (ascending.empty()) return 0;
  return ascending[static_cast<std::size_t>(share * static_cast<double>(ascending.size() - 1))];
}

void show(const scenario_outcome& one) {
  std::printf(
      "| %-22s | %4u | %6.1f | %5llu | %5llu | %5llu | %4llu | ", one.name.c_str(), one.hit, one.messages,
      static_cast<unsigned long long>(one.suspicions), static_cast<unsigned long long>(one.dead_found),
      static_cast<unsigned long long>(one.faulty_found), static_cast<unsigned long long>(one.mistakes));
  if (one.decided_ms.empty())
    std::printf("                   |       |");
  else
    std::printf("%5.0f %5.0f %6.0f | %5.0f |", one.decided_ms.front(), at_share(one.decided_ms, 0.5),
                one.decided_ms.back(), one.known_ms);
  std::printf(" %4llu | %3u | %4llu | %4u | %s |\n", static_cast<unsigned long long>(one.granted),
              one.running, static_cast<unsigned long long>(one.fenced), one.up, one.violation.c_str());
  std::fflush(stdout);
}

int show_all(const world_options& options) {
  std::printf("%u nodes, %u observers each, threshold %u, heartbeats every %lld ms, seed %llu\n\n",
              options.nodes, options.rules.observers, options.rules.threshold,
              static_cast<long long>(options.detector.interval / std::chrono::milliseconds{1}),
              static_cast<unsigned long long>(options.seed));
  std::printf(
      "| scenario | hit | messages per node and s | suspected | dead found | faulty found | mistakes | "
      "agreed down after ms: min, median, max | all know after ms | children granted | children running | "
      "fenced | up in the "
      "end | broken |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t events = 0;
  int failures = 0;
  for (const auto& name : bulwark::test::scenario_names()) {
    const auto outcome = run_scenario(name, options);
    show(outcome);
    events += outcome.events;
    failures += outcome.violation.empty() ? 0 : 1;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("\n%llu events in %.1f s\n", static_cast<unsigned long long>(events), took.count());
  return failures == 0 ? 0 : 1;
}

std::string run_chaos(std::uint64_t seed) {
  world_options options;
  options.seed = seed;
  options.nodes = static_cast<std::uint32_t>(5 + seed * 7 % 60);
  return run_membership_chaos(options, 100);
}

/// No more nodes than a leader asks about.
std::string run_cables(std::uint64_t seed) {
  world_options options;
  options.seed = seed;
  options.nodes = static_cast<std::uint32_t>(5 + seed * 7 % 28);
  return run_broken_cables(options, static_cast<std::uint32_t>(1 + seed % 12));
}

int soak(std::string (*run)(std::uint64_t), std::uint64_t count, std::uint64_t first) {
  int failures = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (auto seed = first; seed < first + count && failures < 5; ++seed) {
    const auto violation = run(seed);
    if (violation.empty()) continue;
    std::printf("%s\n", violation.c_str());
    ++failures;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%llu worlds from seed %llu in %.1f s, %d failed\n", static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(first), took.count(), failures);
  return failures == 0 ? 0 : 1;
}

std::uint64_t number_in(const char* text) {
  char* end = nullptr;
  const auto number = std::strtoull(text, &end, 10);
  if (*end != '\0' || end == text) std::exit(refuse());
  return number;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && (words.front() == "--chaos" || words.front() == "--cables")) {
    if (words.size() < 2 || words.size() > 3) return refuse();
    return soak(words.front() == "--chaos" ? run_chaos : run_cables, number_in(words[1].c_str()),
                words.size() > 2 ? number_in(words[2].c_str()) : 1);
  }
  world_options options;
  options.nodes = 1000;
  if (!words.empty() && words.back() == "--plain") {
    words.pop_back();
    options.observing.helpers = 0;
    options.observing.score_max = 0;
  }
  if (words.size() > 4 || words.size() == 3) return refuse();
  if (!words.empty()) options.nodes = static_cast<std::uint32_t>(number_in(words[0].c_str()));
  if (words.size() > 1) options.seed = number_in(words[1].c_str());
  if (words.size() > 3) {
    options.rules.observers = static_cast<std::uint32_t>(number_in(words[2].c_str()));
    options.rules.threshold = static_cast<std::uint32_t>(number_in(words[3].c_str()));
  }
  if (options.nodes < options.voters || options.nodes > 4000 || !options.rules.validate().empty()) {
    std::fputs("expected 5 to 4000 nodes, 1 to 64 observers and a threshold of at most their number\n",
               stderr);
    return refuse();
  }
  return show_all(options);
}
