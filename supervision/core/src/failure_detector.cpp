// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/failure_detector.hpp"

#include <algorithm>
#include <ostream>

namespace bulwark {

std::optional<detector_kind> parse_detector_kind(std::string_view text) {
  for (const auto kind : {detector_kind::fixed, detector_kind::phi})
    if (text == to_string(kind)) return kind;
  return std::nullopt;
}

std::string detector_options::validate() const {
  if (interval <= duration::zero()) return "T_interval is not above zero";
  if (timeout <= duration::zero()) return "T_timeout is not above zero";
  if (!(threshold >= 0.1 && threshold <= 100)) return "the threshold of phi is not between 0.1 and 100";
  if (window < 10 || window > 1000) return "the window is not between 10 and 1000 intervals";
  return {};
}

failure_detector::failure_detector(const detector_options& options, const std::vector<std::uint32_t>& peers,
                                   instant now)
    : options_{options}, deviations_{deviations_at(options.threshold)}, due_{now + options.interval} {
  for (const auto peer : peers)
    peers_.emplace(peer, record{.arrivals = arrival_window{options.interval, options.window}});
}

void failure_detector::heard(std::uint32_t peer, evidence what, instant now,
                             std::vector<peer_change>& changes) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  auto& one = found->second;
  if (what == evidence::beat) {
    // An interval during which it was suspected, rightly or not, says nothing about its regularity.
    if (one.state == peer_state::up && one.beat_at) one.arrivals.add(now - *one.beat_at);
    one.beat_at = now;
  }
  one.heard_at = now;
  one.deadline = now + patience(one);
  change(peer, one, peer_state::up, duration::zero(), changes);
}

duration failure_detector::deviation(const record& of) const {
  return std::max(of.arrivals.deviation(), options_.timeout / 20);
}

duration failure_detector::patience(const record& of) const {
  if (options_.kind == detector_kind::fixed) return options_.interval + options_.timeout;
  const std::chrono::duration<double, duration::period> margin = deviation(of) * deviations_;
  const auto wanted =
      of.arrivals.mean() + options_.timeout / 2 + std::chrono::duration_cast<duration>(margin);
  return std::min(wanted, options_.interval + 4 * options_.timeout);
}

double failure_detector::phi(std::uint32_t peer, instant now) const {
  const auto found = peers_.find(peer);
  if (found == peers_.end() || found->second.state == peer_state::down) return 0;
  const auto& one = found->second;
  const auto late = now - *one.heard_at - one.arrivals.mean() - options_.timeout / 2;
  return phi_of(std::chrono::duration<double>{late} / std::chrono::duration<double>{deviation(one)});
}

void failure_detector::lost(std::uint32_t peer, instant now, std::vector<peer_change>& changes) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  found->second.beat_at.reset();
  change(peer, found->second, peer_state::down, silence(peer, now).value_or(duration::zero()), changes);
}

void failure_detector::judge(instant now, std::vector<peer_change>& changes) {
  const auto late = now - due_;
  const auto allowance = late > options_.timeout / 2 ? late : duration::zero();
  due_ = now + options_.interval;
  for (auto& [peer, one] : peers_) {
    if (one.state != peer_state::up) continue;
    one.deadline += allowance;
    if (allowance > duration::zero()) one.beat_at.reset();
    if (now >= one.deadline) {
      one.beat_at.reset();
      change(peer, one, peer_state::suspect, now - *one.heard_at, changes);
    } else {
      due_ = std::min(due_, one.deadline);
    }
  }
}

peer_state failure_detector::state(std::uint32_t peer) const {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? peer_state::down : found->second.state;
}

std::optional<duration> failure_detector::silence(std::uint32_t peer, instant now) const {
  const auto found = peers_.find(peer);
  if (found == peers_.end() || !found->second.heard_at) return std::nullopt;
  return now - *found->second.heard_at;
}

void failure_detector::change(std::uint32_t peer, record& of, peer_state to, duration silence,
                              std::vector<peer_change>& changes) {
  if (of.state == to) return;
  changes.push_back({peer, of.state, to, silence});
  of.state = to;
}

const char* to_string(detector_kind kind) noexcept { return kind == detector_kind::fixed ? "fixed" : "phi"; }

const char* to_string(peer_state state) noexcept {
  switch (state) {
    case peer_state::up: return "up";
    case peer_state::suspect: return "suspect";
    case peer_state::down: break;
  }
  return "down";
}

std::ostream& operator<<(std::ostream& out, peer_state state) { return out << to_string(state); }

std::ostream& operator<<(std::ostream& out, const peer_change& change) {
  const std::chrono::duration<double, std::milli> silence = change.silence;
  return out << 'n' << change.peer << ' ' << change.from << " -> " << change.to << ", silent for "
             << silence.count() << " ms";
}

}  // namespace bulwark
