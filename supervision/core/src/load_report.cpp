// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/load_report.hpp"

#include <algorithm>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark {

namespace {

constexpr std::uint32_t all_busy = 1000;

}  // namespace

std::string load_report_options::validate() const {
  if (every < duration::zero()) return "every is below zero; expected 0 (never) or above";
  if (change_permille == 0 || change_permille > all_busy)
    return "change_permille is " + std::to_string(change_permille) + "; expected 1 to 1000";
  return {};
}

load_report::load_report(const load_report_options& options) : options_{options} {
  BULWARK_INVARIANT(options.validate().empty());
}

std::optional<std::uint32_t> load_report::step(std::uint32_t measured, std::uint32_t shown, instant now) {
  if (options_.every == duration::zero()) return std::nullopt;
  if (!since_) since_ = now;
  sum_ += std::min(measured, all_busy);
  ++count_;
  if (now - *since_ < options_.every) return std::nullopt;
  const auto mean = static_cast<std::uint32_t>(sum_ / count_);
  since_ = now;
  sum_ = count_ = 0;
  const auto differs = mean > shown ? mean - shown : shown - mean;
  return differs >= options_.change_permille ? std::optional{mean} : std::nullopt;
}

std::uint32_t load_permille(std::uint32_t cpu_permille, unsigned cores) noexcept {
  return std::min(cpu_permille / std::max(cores, 1u), all_busy);
}

}  // namespace bulwark
