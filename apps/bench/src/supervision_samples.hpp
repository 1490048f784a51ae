// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace bulwark::bench {

/// Values of one measure, printed as one JSON object per line: quantiles, not means, as a few long pauses of
/// a busy machine say nothing about the program.
void print_samples(const std::string& name, const std::string& unit, std::vector<double> values);

/// Bytes of this process that are in memory.
[[nodiscard]] std::size_t resident_bytes();

[[nodiscard]] inline std::chrono::steady_clock::time_point clock_now() {
  return std::chrono::steady_clock::now();
}

[[nodiscard]] inline double microseconds(std::chrono::steady_clock::duration length) {
  return std::chrono::duration<double, std::micro>(length).count();
}

}  // namespace bulwark::bench
