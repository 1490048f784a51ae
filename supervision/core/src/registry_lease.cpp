// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/registry_lease.hpp"

#include <algorithm>

namespace bulwark {

std::string lease_options::validate() const {
  if (length <= duration::zero()) return "the length of the lease is not above zero";
  if (!(drift >= 0 && drift <= 0.5)) return "the drift is not between 0 and 0.5";
  if (renew_before <= duration::zero() || renew_before >= length)
    return "renew_before is not between zero and the length of the lease";
  return {};
}

void name_lease::granted(const registry_result& result, instant asked, instant now) {
  if (result.error != registry_error::none || result.entry.token < token_) return;
  const bool is_new = result.entry.token != token_;
  token_ = result.entry.token;
  ends_ = is_new ? asked + options_.length : std::max(ends_, asked + options_.length);
  if (!is_new) return;
  const std::chrono::duration<double, duration::period> wait = options_.length * (1 + options_.drift);
  settles_ = result.entry.must_wait;
  begins_ = result.entry.must_wait ? now + std::chrono::duration_cast<duration>(wait) : now;
}

void name_lease::confirmed(std::uint64_t token, instant asked) {
  if (token == token_ && token_ != 0) ends_ = std::max(ends_, asked + options_.length);
}

}  // namespace bulwark
