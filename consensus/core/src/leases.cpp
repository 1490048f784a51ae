// SPDX-License-Identifier: BSD-3-Clause
#include "leases.hpp"

namespace bulwark::consensus {

std::chrono::milliseconds given_lease::give(const confirm& what, instant now) {
  const std::chrono::milliseconds length{what.lease_ms};
  if (length > longest_ || what.under < to_ || (what.under == to_ && what.round < round_)) return {};
  until_ = now + length;
  to_ = what.under;
  round_ = what.round;
  return length;
}

void given_lease::postpone(const prepare& what) {
  if (!postponed_ || postponed_->under < what.under) postponed_ = what;
}

}  // namespace bulwark::consensus
