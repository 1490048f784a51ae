// SPDX-License-Identifier: BSD-3-Clause
// Runs the simulation on many seeds: consensus_soak [COUNT [FIRST]], or on one, step by step: consensus_soak
// --trace SEED.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "chaos.hpp"

namespace {

std::uint64_t current_seed = 0;

/// A broken invariant aborts: say with which seed.
void name_seed(int) {
  std::fprintf(stderr, "seed %llu: aborted\n", static_cast<unsigned long long>(current_seed));
  std::_Exit(1);
}

int soak(std::uint64_t count, std::uint64_t first) {
  bulwark::test::statistics all;
  std::uint64_t events = 0;
  int failures = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (current_seed = first; current_seed < first + count; ++current_seed) {
    const auto result = bulwark::test::run_seed(current_seed);
    all.add(result.seen);
    events += result.events;
    if (result.violation.empty()) continue;
    std::printf("%s\n", result.violation.c_str());
    if (++failures == 10) break;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%s%llu seeds, %llu events in %.1f s: %.0f seeds/s, %.0f events/s\n", all.table().c_str(),
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(events), took.count(),
              static_cast<double>(count) / took.count(), static_cast<double>(events) / took.count());
  if (const auto missing = all.missing(); !missing.empty() && count >= 200) {
    std::printf("never happened: %s\n", missing.c_str());
    ++failures;
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGABRT, name_seed);
  if (argc == 3 && std::strcmp(argv[1], "--trace") == 0) {
    current_seed = std::strtoull(argv[2], nullptr, 10);
    const auto result = bulwark::test::run_seed(current_seed, true);
    std::printf("%s\n", result.violation.empty() ? "all is well" : result.violation.c_str());
    return result.violation.empty() ? 0 : 1;
  }
  const auto count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000;
  const auto first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  return soak(count, first);
}
