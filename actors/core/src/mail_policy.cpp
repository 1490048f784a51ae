// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/core/mail_policy.hpp"

#include <algorithm>

namespace bulwark {

std::string mail_policy::validate() const {
  if (crashes_max > 0 && crash_period <= duration::zero())
    return "the period in which crashes by the same message count must be above zero";
  if (crashes_max > 0 && dead_letters_max == 0)
    return "at least one dead letter must be kept if messages are to be set aside";
  return {};
}

poison_verdict poison_watch::crashed_on(std::uint64_t fingerprint, instant now, const mail_policy& policy) {
  if (policy.crashes_max == 0) return poison_verdict::lose;
  suspect seen{fingerprint, 0, now};
  if (const auto known = std::ranges::find(suspects_, fingerprint, &suspect::fingerprint);
      known != suspects_.end()) {
    if (now - known->first < policy.crash_period) seen = *known;
    suspects_.erase(known);
  }
  if (++seen.crashes >= policy.crashes_max) return poison_verdict::set_aside;
  if (suspects_.size() == suspects_max) suspects_.erase(suspects_.begin());
  suspects_.push_back(seen);
  return poison_verdict::try_again;
}

std::uint32_t poison_watch::crashes_of(std::uint64_t fingerprint) const noexcept {
  const auto known = std::ranges::find(suspects_, fingerprint, &suspect::fingerprint);
  return known == suspects_.end() ? 0 : known->crashes;
}

}  // namespace bulwark
