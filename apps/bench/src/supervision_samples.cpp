// SPDX-License-Identifier: BSD-3-Clause
#include "supervision_samples.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

namespace bulwark::bench {

void print_samples(const std::string& name, const std::string& unit, std::vector<double> values) {
  if (values.empty()) return;
  std::ranges::sort(values);
  const auto at = [&values](double share) {
    const auto place = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
    return values[std::clamp<std::size_t>(place, 1, values.size()) - 1];
  };
  std::printf(
      "{\"bench\":\"%s\",\"unit\":\"%s\",\"n\":%zu,\"min\":%.3f,\"p10\":%.3f,\"p50\":%.3f,\"p90\":%.3f,"
      "\"p99\":%.3f,\"max\":%.3f}\n",
      name.c_str(), unit.c_str(), values.size(), values.front(), at(0.1), at(0.5), at(0.9), at(0.99),
      values.back());
  std::fflush(stdout);
}

std::size_t resident_bytes() {
  std::size_t total = 0, resident = 0;
  std::ifstream{"/proc/self/statm"} >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace bulwark::bench
