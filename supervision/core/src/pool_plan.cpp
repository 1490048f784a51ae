// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/pool_plan.hpp"

#include <algorithm>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"
#include "durations.hpp"

namespace bulwark {

namespace {

using condition = pool_worker::condition;

bool serves(const pool_worker& one) { return one.is == condition::up && one.in_router; }

/// No capacity, though it counts. One that is coming does: it was started for the load there is.
bool is_unfit(const pool_worker& one) {
  return one.is == condition::parked || (one.is == condition::up && (!one.in_router || one.ejected));
}

std::string words_for(const pool_resize& change, const pool_sample& sample) {
  return std::string{to_string(change.why)} + ": " + std::to_string(sample.in_flight) + " in flight, " +
         std::to_string(sample.leases) + " leases, " + std::to_string(sample.waiting) + " waiting, " +
         std::to_string(sample.refused) + " refused";
}

}  // namespace

std::string pool_rules::validate() const {
  if (auto problem = size.validate(); !problem.empty()) return problem;
  if (drain_limit <= duration::zero()) return "`drain_limit` must be above zero";
  return {};
}

void pool_plan::step(pool_view view, instant now, std::vector<effect>& effects) {
  if (now - view.at > rules_.size.sample_limit() || (seen_ && view.at < *seen_)) return;
  seen_ = view.at;
  see_who_goes(view, now, effects);
  const auto up =
      std::ranges::count_if(view.workers, [](const auto& one) { return one.is == condition::up; });
  if (!ready_ && static_cast<std::size_t>(up) >= rules_.size.min) {
    ready_ = true;
    effects.emplace_back(ready{});
  }
  const auto sample = sample_of(view);
  rejected_ = view.rejected;
  const auto change = size_.step(sample, now);
  if (!change) return;
  if (change->to > change->from)
    grow(change->to - change->from, effects);
  else
    shrink(view, change->from - change->to, now, effects);
  effects.emplace_back(resized{change->from, change->to, words_for(*change, sample)});
}

std::vector<std::string> pool_plan::retiring() const {
  std::vector<std::string> ids;
  for (const auto& [id, since] : retiring_) ids.push_back(id);
  return ids;
}

/// How far those have come that are on their way out. The view is then as it is after these effects.
void pool_plan::see_who_goes(pool_view& view, instant now, std::vector<effect>& effects) {
  const auto before = std::exchange(retiring_, {});
  std::size_t back = 0;
  for (auto& one : view.workers) {
    const auto found = before.find(one.id);
    if (found == before.end() || one.is == condition::leaving) continue;
    const bool late = now - found->second >= rules_.drain_limit;
    const bool drained = serves(one) && one.draining;
    if (drained && (one.load() == 0 || (late && rules_.stops_busy))) {
      effects.emplace_back(stop_worker{one.id});  // goes on draining, and so counts no more
    } else if (late) {
      if (drained) effects.emplace_back(undrain{one.id});
      one.draining = false;
      ++back;
    } else {
      if (serves(one) && !drained) effects.emplace_back(drain{one.id});
      retiring_.insert(*found);
    }
  }
  if (back == 0) return;
  size_.begin_anew(now);
  const auto workers = sample_of(view).workers;
  effects.emplace_back(
      resized{workers - back, workers, "not finished within " + in_milliseconds(rules_.drain_limit)});
}

/// Whom somebody else drains does not.
bool pool_plan::stays(const pool_worker& one) const {
  return one.is != condition::leaving && !retiring_.contains(one.id) && !(one.in_router && one.draining);
}

pool_sample pool_plan::sample_of(const pool_view& view) const {
  pool_sample sample;
  sample.at = view.at;
  for (const auto& one : view.workers) {
    if (!stays(one)) {
      if (!retiring_.contains(one.id)) ++sample.leaving;
      continue;
    }
    ++sample.workers;
    if (is_unfit(one)) ++sample.unfit;
    if (serves(one)) ++sample.removable;
    sample.in_flight += one.in_flight;
    sample.leases += one.leases;
  }
  sample.waiting = view.waiting;
  sample.refused = view.rejected - rejected_.value_or(view.rejected);
  return sample;
}

/// Who is on its way out is there at once.
void pool_plan::grow(std::size_t by, std::vector<effect>& effects) {
  for (; by > 0 && !retiring_.empty(); --by)
    effects.emplace_back(undrain{retiring_.extract(retiring_.begin()).key()});
  effects.insert(effects.end(), by, start_worker{});
}

/// Ejected ones first, then who has least to do, then the youngest. There are as many as
/// pool_sample::removable says.
void pool_plan::shrink(const pool_view& view, std::size_t by, instant now, std::vector<effect>& effects) {
  std::vector<const pool_worker*> candidates;
  for (auto at = view.workers.rbegin(); at != view.workers.rend(); ++at)
    if (stays(*at) && serves(*at)) candidates.push_back(&*at);
  BULWARK_INVARIANT(by <= candidates.size());
  std::ranges::stable_sort(candidates, {}, [](const auto* one) {
    return std::pair{!one->ejected, one->load()};
  });
  candidates.resize(by);
  for (const auto* one : candidates) {
    effects.emplace_back(drain{one->id});
    retiring_.emplace(one->id, now);
  }
}

}  // namespace bulwark
