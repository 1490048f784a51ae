// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/restart_rate.hpp"

#include <algorithm>

namespace bulwark {

namespace {

constexpr duration one_second = std::chrono::seconds{1};

}  // namespace

std::string restart_rate_options::validate() const {
  if (burst == 0) return "the burst of a restart rate has to be 1 or more";
  if (per_second == 0 || per_second > 1'000'000'000)
    return "a restart rate has to be 1 to 1000000000 restarts per second";
  return {};
}

restart_rate::restart_rate(const restart_rate_options& options)
    : interval_{one_second / options.per_second}, tolerance_{interval_ * (options.burst - 1)} {}

instant restart_rate::reserve(instant now) {
  const auto begin = std::max(full_at_, now);
  full_at_ = begin + interval_;
  return std::max(now, begin - tolerance_);
}

}  // namespace bulwark
