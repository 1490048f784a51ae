// SPDX-License-Identifier: BSD-3-Clause
#include "staleness.hpp"

#include "bulwark/consensus/core/replica.hpp"

namespace bulwark::consensus {
namespace {

/// A moment as a message carries it, and back.
std::uint64_t to_ns(instant at) { return static_cast<std::uint64_t>(at.time_since_epoch().count()); }
instant from_ns(std::uint64_t ns) { return instant{duration{static_cast<duration::rep>(ns)}}; }

}  // namespace

duration age_of(instant as_of, instant now) {
  // A clock that runs by less than 1/16 slower than another shows more than 15/16 of what that one shows.
  const auto passed = now - as_of;
  return passed + (passed + duration{14}) / 15;
}

std::optional<instant> staleness::as_of(slot applied) {
  for (; !waiting_.empty() && waiting_.front().index <= applied; waiting_.pop_front())
    as_of_ = waiting_.front().as_of;
  return as_of_;
}

std::optional<vouch> staleness::question(duration at_most, ballot leader, duration interval, instant now) {
  const auto newest = waiting_.empty() ? as_of_ : std::optional{waiting_.back().as_of};
  // Half of it is left for the answer to come.
  if (at_most <= duration{0} || (newest && age_of(*newest, now) <= at_most / 2)) return std::nullopt;
  if (asked_at_ && asked_ == leader && now - *asked_at_ < interval) return std::nullopt;
  asked_at_ = now;
  asked_ = leader;
  return vouch{incarnation_, to_ns(now)};
}

void staleness::on_vouched(const vouched& what, slot applied, instant now) {
  // The clock of an earlier life may have shown anything.
  const auto sent_at = from_ns(what.asked_ns);
  if (what.incarnation != incarnation_ || sent_at > now) return;
  if (asked_at_ && sent_at >= *asked_at_) asked_at_.reset();
  const auto known = as_of(applied);
  const auto newest = waiting_.empty() ? known : std::optional{waiting_.back().as_of};
  if (newest && sent_at <= *newest) return;
  // A log that is behind for long still comes to the vouchers before the last.
  if (waiting_.size() == vouchers_max) waiting_.pop_back();
  waiting_.push_back({what.chosen, sent_at});
}

}  // namespace bulwark::consensus
