// SPDX-License-Identifier: BSD-3-Clause
// Runs the simulation: on many seeds, or on one world, which may be shrunk and traced.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "shrink.hpp"

namespace {

using bulwark::test::run_parameters;
using bulwark::test::run_world;
using bulwark::test::whole_world;

constexpr const char* usage =
    "usage: consensus_soak [COUNT [FIRST]]\n"
    "       consensus_soak --seed N [--faults I,J,...|none] [--requests N] [--rebuilds] [--trace | "
    "--shrink]\n";

std::uint64_t current_seed = 0;

/// A broken invariant aborts: say with which seed.
void name_seed(int) {
  std::fprintf(stderr, "seed %llu: aborted\n", static_cast<unsigned long long>(current_seed));
  std::_Exit(1);
}

/// A smaller world that fails too, as arguments that show it again.
int show_shrunk(const run_parameters& failing) {
  if (!bulwark::test::fails(failing)) {
    std::printf("%s: all is well\n", to_arguments(failing).c_str());
    return 0;
  }
  const auto small = bulwark::test::shrink(failing);
  std::printf("shrunk: consensus_soak %s --trace\n", to_arguments(small).c_str());
  std::fflush(stdout);
  std::printf("%s\n", run_world(small).violation.c_str());
  return 1;
}

int soak(std::uint64_t count, std::uint64_t first) {
  bulwark::test::statistics all;
  std::uint64_t events = 0;
  int failures = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (current_seed = first; current_seed < first + count && failures < 10; ++current_seed) {
    const auto result = run_world(whole_world(current_seed));
    all.add(result.seen);
    events += result.events;
    if (result.violation.empty()) continue;
    std::printf("%s\n", result.violation.c_str());
    if (++failures == 1) show_shrunk(whole_world(current_seed));
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%s%llu seeds, %llu events in %.1f s: %.0f seeds/s, %.0f events/s\n", all.table().c_str(),
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(events), took.count(),
              static_cast<double>(count) / took.count(), static_cast<double>(events) / took.count());
  if (const auto missing = all.missing(); !missing.empty() && count >= 500) {
    std::printf("never happened: %s\n", missing.c_str());
    ++failures;
  }
  return failures == 0 ? 0 : 1;
}

int refuse() {
  std::fputs(usage, stderr);
  return 2;
}

std::vector<std::size_t> numbers_in(const std::string& text) {
  std::vector<std::size_t> numbers;
  if (text == "none") return numbers;
  for (std::size_t at = 0; at < text.size(); at = std::min(text.find(',', at), text.size() - 1) + 1)
    numbers.push_back(std::strtoull(text.c_str() + at, nullptr, 10));
  return numbers;
}

int run_one(int argc, char** argv) {
  run_parameters what;
  bool wants_less = false;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const bool has_value = i + 1 < argc;
    if (name == "--trace")
      what.trace = true;
    else if (name == "--shrink")
      wants_less = true;
    else if (name == "--rebuilds")
      what.rebuilds = true;
    else if (name == "--seed" && has_value)
      what.seed = std::strtoull(argv[++i], nullptr, 10);
    else if (name == "--faults" && has_value)
      what.faults = numbers_in(argv[++i]);
    else if (name == "--requests" && has_value)
      what.requests = std::strtoull(argv[++i], nullptr, 10);
    else
      return refuse();
  }
  current_seed = what.seed;
  if (wants_less) return show_shrunk(what);
  const auto result = run_world(what);
  std::printf("%s\n", result.violation.empty() ? "all is well" : result.violation.c_str());
  return result.violation.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGABRT, name_seed);
  if (argc > 1 && std::strncmp(argv[1], "--", 2) == 0) return run_one(argc, argv);
  const auto count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000;
  const auto first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  return count > 0 && argc <= 3 ? soak(count, first) : refuse();
}
