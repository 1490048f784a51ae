// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

#include "statistics.hpp"

namespace bulwark::test {

struct run_result {
  std::string violation;  ///< empty if all is well; names the seed
  statistics seen;
  std::uint64_t events = 0;
};

/// Lets a cluster live through some seconds of faults under load, heals it, and expects it to answer, to
/// agree and to serve.
run_result run_seed(std::uint64_t seed, bool trace = false);

}  // namespace bulwark::test
