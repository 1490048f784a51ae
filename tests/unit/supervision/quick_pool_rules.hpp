// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/supervision/core/pool_plan.hpp"

namespace bulwark {

/// Grows at once by two messages each, shrinks after ten seconds without any.
inline pool_rules quick_pool_rules() {
  pool_rules rules;
  rules.size = {.min = 2, .max = 6, .grow_by = 1, .shrink_by = 1};
  rules.size.grow_after = duration::zero();
  rules.size.shrink_after = std::chrono::seconds{10};
  rules.size.cooldown = duration::zero();
  rules.drain_limit = std::chrono::seconds{30};
  return rules;
}

}  // namespace bulwark
