// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/core/backoff.hpp"

#include <algorithm>
#include <cmath>

namespace bulwark {

std::string backoff_options::validate() const {
  if (initial <= duration::zero()) return "the initial delay must be above zero";
  if (max < initial) return "the longest delay must not be below the initial one";
  if (!(factor >= 1.0) || !std::isfinite(factor))
    return "the growth of delays must be a number of at least 1";
  if (!(jitter >= 0.0 && jitter <= 1.0)) return "the jitter must lie in [0, 1]";
  if (reset_after < duration::zero()) return "the time after which delays start over must not be negative";
  return {};
}

duration backoff::next(double random01) {
  const auto limit = static_cast<double>(options_.max.count());
  const double growth =
      options_.growth == backoff_growth::linear ? attempts_ + 1.0 : std::pow(options_.factor, attempts_);
  // In doubles, since the product overflows 64 bits long before it is cut to the limit.
  const double plain = std::min(limit, static_cast<double>(options_.initial.count()) * growth);
  if (plain < limit) ++attempts_;  // at the limit more attempts change nothing, so their number stays bounded
  const double disturbed = plain * (1.0 + options_.jitter * (2.0 * random01 - 1.0));
  return duration{static_cast<duration::rep>(std::clamp(disturbed, 1.0, limit))};
}

}  // namespace bulwark
