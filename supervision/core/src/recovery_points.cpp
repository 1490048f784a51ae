// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/recovery_points.hpp"

#include <algorithm>
#include <utility>

namespace bulwark {

std::string recovery_rules::validate() const {
  if (keep == 0) return "keep is 0; expected at least one point to be kept";
  if (tries == 0) return "tries is 0; expected at least 1";
  if (every < duration::zero()) return "every is negative; expected a time, or 0 for never";
  if (trusted_after < duration::zero()) return "trusted_after is negative; expected a time";
  return {};
}

recovery_points::recovery_points(recovery_rules rules, std::vector<std::uint64_t> known) : rules_{rules} {
  exist(std::move(known));
}

void recovery_points::exist(std::vector<std::uint64_t> known) {
  std::ranges::sort(known);
  std::erase_if(given_up_, [&](std::uint64_t point) { return !std::ranges::binary_search(known, point); });
  std::erase_if(known, [this](std::uint64_t point) { return std::ranges::count(given_up_, point) > 0; });
  points_.assign(known.begin(), known.end());
  if (!points_.empty()) last_number_ = std::max(last_number_, points_.back());
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
  at_risk_ = points_.empty() ? std::nullopt : std::optional{points_.back()};
  return {incarnation_, at_risk_, {}};
}

recovery_points::beginning recovery_points::refuse(std::uint64_t incarnation, instant now) {
  if (incarnation != incarnation_ || points_.empty()) return {incarnation, std::nullopt, {}};
  give_up(points_.back());
  return choose(now);
}

void recovery_points::give_up(std::uint64_t point) {
  std::erase(points_, point);
  given_up_.push_back(point);
  early_crashes_ = 0;
}

bool recovery_points::handled(std::uint64_t incarnation, instant now) {
  if (incarnation != incarnation_ || !running_) return false;
  at_risk_.reset();
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
  if (!at_risk_ || now - began_ > rules_.trusted_after) return std::nullopt;
  if (++early_crashes_ < rules_.tries) return std::nullopt;
  give_up(*at_risk_);
  return at_risk_;
}

}  // namespace bulwark
