// SPDX-License-Identifier: BSD-3-Clause
#include "shrink.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <numeric>
#include <utility>

namespace bulwark::test {
namespace {

/// Removes pieces of `size` faults wherever the run fails without them as well.
bool leave_out(run_parameters& failing, std::size_t size) {
  bool any = false;
  for (std::size_t begin = 0; begin < failing.faults->size();) {
    std::vector<std::size_t> kept;
    const auto end = std::min(begin + size, failing.faults->size());
    for (std::size_t i = 0; i < failing.faults->size(); ++i)
      if (i < begin || i >= end) kept.push_back((*failing.faults)[i]);
    auto less = failing;
    less.faults = std::move(kept);
    if (fails(less)) {
      failing = std::move(less);
      any = true;
    } else {
      begin = end;
    }
  }
  return any;
}

}  // namespace

bool fails(const run_parameters& what) {
  std::fflush(nullptr);
  const auto child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    if (!std::freopen("/dev/null", "w", stderr)) _exit(2);
    _exit(run_world(what).violation.empty() ? 0 : 1);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status != 0;
}

run_parameters shrink(run_parameters failing) {
  if (!failing.faults) {
    auto quiet = failing;
    quiet.faults.emplace();
    quiet.requests = 0;
    failing.faults.emplace(run_world(quiet).faults);
    std::iota(failing.faults->begin(), failing.faults->end(), std::size_t{0});
  }
  for (auto size = failing.faults->size(); size > 0; size /= 2) leave_out(failing, size);
  while (leave_out(failing, 1)) continue;
  auto fewer = failing;
  fewer.requests = std::min<std::size_t>(failing.requests, 1u << 14);
  for (auto step = fewer.requests / 2; step > 0; step /= 2) {
    auto attempt = fewer;
    attempt.requests -= step;
    if (fails(attempt)) fewer = attempt;
  }
  return fails(fewer) ? fewer : failing;
}

}  // namespace bulwark::test
