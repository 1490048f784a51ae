// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/anomaly_tracker.hpp"

#include <algorithm>
#include <cmath>

namespace bulwark {

namespace {

/// Differences below this do not matter, one for each vital and in its unit.
constexpr std::array<double, vital_count> resolution{500, 2000, 100, 16 * 1024, 16, 50'000};

/// Nobody is so steady that less than this counts: 28 % more or less.
constexpr double deviation_min = 0.25;

/// How fast the usual follows.
constexpr double newest_share = 1.0 / 3000;

constexpr double far_out = 2;
constexpr double score_max = 99;

double flattened(vital one, double value) {
  return std::log1p(std::max(value, 0.0) / resolution[static_cast<std::size_t>(one)]);
}

double unflattened(vital one, double level) {
  return std::expm1(level) * resolution[static_cast<std::size_t>(one)];
}

double least(const std::array<double, 3>& of) { return *std::min_element(of.begin(), of.end()); }

}  // namespace

void anomaly_tracker::observe(vital one, double value) {
  auto& of = series_[static_cast<std::size_t>(one)];
  const auto level = flattened(one, value);
  const auto deviation = std::max(std::sqrt(of.variance), deviation_min);
  const auto slot = of.count % of.scores.size();
  of.values[slot] = std::max(value, 0.0);
  of.scores[slot] = of.count < learning ? 0 : std::clamp((level - of.mean) / deviation, 0.0, score_max);
  ++of.count;
  const auto share = std::max(newest_share, 1 / static_cast<double>(of.count));
  const auto reach = of.count <= learning ? score_max : far_out * deviation;
  const auto step = std::clamp(level - of.mean, -reach, reach);
  of.mean += share * step;
  of.variance = (1 - share) * (of.variance + share * step * step);
}

vital_scores anomaly_tracker::scores() const {
  vital_scores result;
  std::transform(series_.begin(), series_.end(), result.begin(),
                 [](const series& of) { return least(of.scores); });
  return result;
}

anomaly anomaly_tracker::worst(const vital_scores& common) const {
  anomaly result;
  for (std::size_t i = 0; i < vital_count; ++i) {
    const auto& of = series_[i];
    const auto score = least(of.scores) - common[i];
    if (score <= result.score) continue;
    const vital one{static_cast<std::uint8_t>(i)};
    result = {score, one, unflattened(one, of.mean), least(of.values)};
  }
  return result;
}

bool anomaly_tracker::calm(const vital_scores& common) const {
  for (std::size_t i = 0; i < vital_count; ++i) {
    const auto& scores = series_[i].scores;
    if (*std::max_element(scores.begin(), scores.end()) - common[i] >= all_clear) return false;
  }
  return true;
}

std::optional<anomaly_change> anomaly_tracker::take_change(const vital_scores& common) {
  const auto now = worst(common);
  if (anomalous_ ? !calm(common) : now.score < alarm) return std::nullopt;
  anomalous_ = !anomalous_;
  return anomaly_change{anomalous_, now};
}

vital_scores common_scores(std::vector<vital_scores>& all) {
  vital_scores result{};
  if (all.empty()) return result;
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>((all.size() - 1) / 2);
  for (std::size_t i = 0; i < vital_count; ++i) {
    std::nth_element(all.begin(), middle, all.end(),
                     [i](const vital_scores& a, const vital_scores& b) { return a[i] < b[i]; });
    result[i] = (*middle)[i];
  }
  return result;
}

const char* to_string(vital one) noexcept {
  switch (one) {
    case vital::lag: return "lag";
    case vital::cpu: return "cpu";
    case vital::memory: return "memory";
    case vital::queue: return "queue";
    case vital::mailbox_age: return "mailbox age";
    case vital::round_trip: break;
  }
  return "round trip";
}

const char* unit_of(vital one) noexcept {
  switch (one) {
    case vital::cpu: return "thousandths of a core";
    case vital::memory: return "KiB";
    case vital::queue: return "messages";
    case vital::round_trip:
    case vital::lag:
    case vital::mailbox_age: break;
  }
  return "us";
}

}  // namespace bulwark
