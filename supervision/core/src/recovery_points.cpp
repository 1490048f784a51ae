// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/recovery_points.hpp"

#include <algorithm>

namespace bulwark {

std::string recovery_rules::validate() const {
  if (keep == 0) return "keep is 0; expected at least one point to be kept";
  if (tries == 0) return "tries is 0; expected at least 1";
  if (every < duration::zero()) return "every is negative; expected a time, or 0 for never";
  if (trusted_after < duration::zero()) return "trusted_after is negative; expected a time";
  return {};
}

recovery_points::recovery_points(recovery_rules rules, std::vector<std::uint64_t> known)
    : rules_{rules}, points_{known.begin(), known.end()} {
  std::ranges::sort(points_);
  if (!points_.empty()) last_number_ = points_.back();
}

recovery_points::beginning recovery_points::begin(instant now) {
  const auto given_up = ended(incarnation_, now, true);
  auto next = choose(now);
  next.given_up = given_up;
  return next;
}

recovery_points::beginning recovery_points::choose(instant now) {
  ++incarnation_;
  running_ = true;
  began_ = now;
  unsaved_ = 0;
  first_unsaved_.reset();
  at_risk_ = !points_.empty();
  return {incarnation_, points_.empty() ? std::nullopt : std::optional{points_.back()}, {}};
}

recovery_points::beginning recovery_points::refuse(std::uint64_t incarnation, instant now) {
  if (incarnation != incarnation_ || points_.empty()) return {incarnation, std::nullopt, {}};
  points_.pop_back();
  early_crashes_ = 0;
  return choose(now);
}

bool recovery_points::handled(std::uint64_t incarnation, instant now) {
  if (incarnation != incarnation_ || !running_) return false;
  at_risk_ = false;
  early_crashes_ = 0;
  ++unsaved_;
  if (!first_unsaved_) first_unsaved_ = now;
  const auto due_by_time = due();
  return (rules_.every_messages > 0 && unsaved_ >= rules_.every_messages) ||
         (due_by_time && *due_by_time <= now);
}

std::optional<instant> recovery_points::due() const {
  if (!first_unsaved_ || rules_.every == duration::zero()) return std::nullopt;
  return *first_unsaved_ + rules_.every;
}

std::optional<recovery_points::saving> recovery_points::save(std::uint64_t incarnation) {
  if (incarnation != incarnation_ || !running_) return std::nullopt;
  unsaved_ = 0;
  first_unsaved_.reset();
  saving next{++last_number_};
  points_.push_back(next.point);
  for (; points_.size() > rules_.keep; points_.pop_front()) next.drop.push_back(points_.front());
  return next;
}

std::optional<std::uint64_t> recovery_points::ended(std::uint64_t incarnation, instant now, bool failed) {
  if (incarnation != incarnation_ || !running_) return std::nullopt;
  running_ = false;
  first_unsaved_.reset();
  return failed ? blame(now) : std::nullopt;
}

std::optional<std::uint64_t> recovery_points::blame(instant now) {
  if (!at_risk_ || now - began_ > rules_.trusted_after || points_.empty()) return std::nullopt;
  if (++early_crashes_ < rules_.tries) return std::nullopt;
  early_crashes_ = 0;
  const auto given_up = points_.back();
  points_.pop_back();
  return given_up;
}

}  // namespace bulwark
