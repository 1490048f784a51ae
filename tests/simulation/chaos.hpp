// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "statistics.hpp"

namespace bulwark::test {

/// What decides a run, to the last bit. A seed alone gives the whole world; the rest takes something away
/// from it.
struct run_parameters {
  std::uint64_t seed = 1;
  std::optional<std::vector<std::size_t>> faults;  ///< only those with these numbers; none: all
  std::size_t requests = SIZE_MAX;                 ///< only the first so many
  bool rebuilds = false;                           ///< nodes lose their logs, too, and are brought back
  bool trace = false;                              ///< print every step
};

inline run_parameters whole_world(std::uint64_t seed) {
  run_parameters what;
  what.seed = seed;
  return what;
}

/// As consensus_soak takes them: "--seed 7 --faults 1,4 --requests 20".
std::string to_arguments(const run_parameters& what);

struct run_result {
  std::string violation;  ///< empty if all is well; names the parameters
  statistics seen;
  std::uint64_t events = 0;
  std::size_t faults = 0;    ///< that the world planned
  std::size_t requests = 0;  ///< that clients planned
  std::uint64_t rebuilds = 0;
};

/// Lets a cluster live through some seconds of faults under load, heals it, and expects it to answer, to
/// agree and to serve.
run_result run_world(const run_parameters& what);

}  // namespace bulwark::test
