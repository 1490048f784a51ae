// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/core/pool_size.hpp"

#include <algorithm>
#include <cmath>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark {

namespace {

constexpr int periods_max = 10'000;
constexpr double more_than_any_pool = 1e12;

/// This share of the workers, but one at least.
std::size_t share_of(std::size_t workers, double share) {
  return std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(workers) * share));
}

bool is_share(double value) { return value > 0 && value <= 1; }  // false for NaN

}  // namespace

std::string pool_size_options::validate() const {
  if (min < 1) return "a pool has at least 1 worker; expected a `min` of 1 or more";
  if (max < min) return "`max` must not be below `min`";
  if (!(load_low > 0 && load_low < load_aimed && load_aimed < load_high && std::isfinite(load_high)))
    return "expected loads with 0 < load_low < load_aimed < load_high";
  if (!is_share(grow_by) || !is_share(shrink_by)) return "`grow_by` and `shrink_by` must lie in (0, 1]";
  if (period <= duration::zero()) return "`period` must be above zero";
  if (grow_after < duration::zero() || cooldown < duration::zero())
    return "`grow_after` and `cooldown` must not be negative";
  if (shrink_after < grow_after) return "`shrink_after` must not be below `grow_after`";
  if (shrink_after / period > periods_max) return "`shrink_after` must not be above 10000 periods";
  return {};
}

const char* to_string(resize_cause why) noexcept {
  switch (why) {
    case resize_cause::too_few: return "too few";
    case resize_cause::too_many: return "too many";
    case resize_cause::pressure: return "pressure";
    case resize_cause::quiet: return "quiet";
  }
  return "unknown";
}

std::optional<pool_resize> pool_size::step(const pool_sample& sample, instant now) {
  if (now - sample.at > options_.sample_limit()) return std::nullopt;
  if (!seen_.empty() && sample.at <= seen_.back().at) return std::nullopt;
  remember(sample);
  const auto workers = sample.workers;
  pool_resize change{workers, workers, resize_cause::pressure};
  if (workers < options_.min) {
    change.to = std::max(workers, std::min(options_.min, room_beside(sample)));
    change.why = resize_cause::too_few;
  } else if (workers > options_.max) {
    change.to = std::max(options_.max, workers - std::min(workers, sample.removable));
    change.why = resize_cause::too_many;
  } else if (!changed_ || now - *changed_ >= options_.cooldown) {
    change.to = size_by_load(sample);
    if (change.to < workers) change.why = resize_cause::quiet;
  }
  if (change.to == workers) return std::nullopt;
  begin_anew(now);
  return change;
}

void pool_size::begin_anew(instant now) {
  seen_.clear();
  changed_ = now;
}

/// Keeps what the longer window needs: of the samples that are older than it, the newest.
void pool_size::remember(const pool_sample& sample) {
  if (!seen_.empty() && sample.at - seen_.back().at > options_.sample_limit()) seen_.clear();
  seen_.push_back({sample.at, sample.load()});
  while (seen_.size() > 1 && seen_[1].at <= sample.at - options_.shrink_after) seen_.pop_front();
}

bool pool_size::covers(duration window) const { return seen_.front().at <= seen_.back().at - window; }

std::int64_t pool_size::least_within(duration window) const {
  const auto since = seen_.back().at - window;
  auto least = seen_.back().load;
  for (auto at = seen_.rbegin(); at != seen_.rend() && at->at >= since; ++at)
    least = std::min(least, at->load);
  return least;
}

std::size_t pool_size::room_beside(const pool_sample& sample) const {
  return options_.max - std::min(options_.max, sample.leaving);
}

std::size_t pool_size::needed(std::int64_t load, std::size_t unfit) const {
  const auto fit = std::ceil(static_cast<double>(load) / options_.load_aimed);
  return unfit + static_cast<std::size_t>(std::clamp(fit, 0.0, more_than_any_pool));
}

std::size_t pool_size::size_by_load(const pool_sample& sample) const {
  const auto workers = sample.workers;
  BULWARK_INVARIANT(sample.unfit <= workers);
  const auto capacity = static_cast<double>(workers - sample.unfit);
  if (covers(options_.grow_after)) {
    const auto least = least_within(options_.grow_after);
    if (least > 0 && static_cast<double>(least) >= options_.load_high * capacity) {
      const auto most = std::min(workers + share_of(workers, options_.grow_by), room_beside(sample));
      return std::max(workers, std::min(most, needed(least, sample.unfit)));
    }
  }
  if (covers(options_.shrink_after)) {
    const auto peak = std::ranges::max(seen_, {}, &record::load).load;
    if (static_cast<double>(peak) <= options_.load_low * capacity) {
      const auto most =
          std::min({workers - options_.min, share_of(workers, options_.shrink_by), sample.removable});
      return std::min(workers, std::max(workers - most, needed(peak, sample.unfit)));
    }
  }
  return workers;
}

}  // namespace bulwark
