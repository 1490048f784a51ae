// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/storm_filter.hpp"

#include <utility>

namespace bulwark {

namespace {

const std::string all_others = "*";

/// The end of an incarnation, or of an attempt. Siblings of a child that crashes are stopped each time.
bool is_end(event_kind kind) {
  switch (kind) {
    case event_kind::exited:
    case event_kind::start_failed:
    case event_kind::abandoned:
    case event_kind::stopped:
    case event_kind::resumed:
    case event_kind::hung: return true;
    default: return false;
  }
}

/// What a supervisor decides once, as opposed to what comes with every turn of a crash loop.
bool is_decision(event_kind kind) {
  switch (kind) {
    case event_kind::gave_up:
    case event_kind::parked:
    case event_kind::given_up:
    case event_kind::shut_down:
    case event_kind::resized:
    case event_kind::crash_storm: return true;
    default: return false;
  }
}

}  // namespace

std::string storm_options::validate() const {
  if (period <= duration::zero()) return "the period of a storm has to be positive";
  if (children_max == 0) return "children_max has to be 1 or more";
  return {};
}

void storm_filter::step(const supervision_event& event, std::vector<supervision_event>& told) {
  tick(event.at, told);
  auto at = find(event);
  if (at == accounts_.end() && is_end(event.kind)) at = open(event);
  if (at == accounts_.end()) return told.push_back(event);
  auto& of = at->second;
  if (is_decision(event.kind)) {
    tell_ends(at->first, of, event.at, told);
    tell_standing(of, told);
    return told.push_back(event);
  }
  const bool end = is_end(event.kind);
  if (end && !of.storm && of.passed++ == options_.in_full) {
    of.storm = true;
    of.counts_since = event.at;
  }
  if (!of.storm) return told.push_back(event);
  if (!end) {
    of.standing = event;
    return;
  }
  ++of.held;
  of.quiet = false;
  of.end = event;
  of.standing.reset();
}

void storm_filter::tick(instant now, std::vector<supervision_event>& told) {
  while (!closings_.empty() && closings_.begin()->first <= now) {
    const auto at = accounts_.find(closings_.begin()->second);
    closings_.erase(closings_.begin());
    close_period(at, told);
  }
}

void storm_filter::flush(instant now, std::vector<supervision_event>& told) {
  for (auto& [path, of] : accounts_) {
    tell_ends(path, of, now, told);
    tell_standing(of, told);
  }
  accounts_.clear();
  closings_.clear();
}

std::optional<instant> storm_filter::next_wakeup() const {
  if (closings_.empty()) return std::nullopt;
  return closings_.begin()->first;
}

/// The account that an event counts for: once there are too many, those without one of their own share one.
storm_filter::accounts::iterator storm_filter::find(const supervision_event& event) {
  const auto own = accounts_.find(event.path);
  if (own != accounts_.end() || is_decision(event.kind)) return own;
  return accounts_.find(all_others);
}

storm_filter::accounts::iterator storm_filter::open(const supervision_event& event) {
  const auto& path = accounts_.size() < options_.children_max ? event.path : all_others;
  const auto at = accounts_.try_emplace(path).first;
  at->second.closes_at = event.at + options_.period;
  closings_.emplace(at->second.closes_at, path);
  return at;
}

/// The ends that were held back, as one event.
void storm_filter::tell_ends(const std::string& path, account& of, instant now,
                             std::vector<supervision_event>& told) {
  if (!of.end) return;
  auto storm = std::move(*of.end);
  storm.kind = event_kind::crash_storm;
  storm.path = path;
  storm.ends = std::exchange(of.held, 0);
  storm.within = now - of.counts_since;
  storm.at = now;
  told.push_back(std::move(storm));
  of.end.reset();
  of.counts_since = now;
}

void storm_filter::tell_standing(account& of, std::vector<supervision_event>& told) {
  if (of.standing) told.push_back(std::move(*of.standing));
  of.standing.reset();
}

void storm_filter::close_period(accounts::iterator at, std::vector<supervision_event>& told) {
  auto& of = at->second;
  tell_ends(at->first, of, of.closes_at, told);
  if (!of.storm || of.quiet) {
    tell_standing(of, told);
    accounts_.erase(at);
    return;
  }
  of.quiet = true;
  of.closes_at += options_.period;
  closings_.emplace(of.closes_at, at->first);
}

}  // namespace bulwark
