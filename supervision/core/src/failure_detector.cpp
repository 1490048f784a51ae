// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/failure_detector.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

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
    : options_{options},
      deviations_{deviations_at(options.threshold)},
      ids_{peers},
      due_{now + options.interval} {
  sort_ids();
  peers_.reserve(ids_.size());
  for (const auto peer : ids_) peers_.push_back(unheard(peer));
}

void failure_detector::sort_ids() {
  std::sort(ids_.begin(), ids_.end());
  ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
}

failure_detector::record failure_detector::unheard(std::uint32_t peer) const {
  return {.peer = peer, .arrivals = arrival_window{options_.interval, options_.window}};
}

void failure_detector::watch(const std::vector<std::uint32_t>& peers, instant now) {
  std::vector<record> next;
  next.reserve(peers.size());
  auto before = std::exchange(ids_, peers);
  sort_ids();
  for (const auto peer : ids_) {
    const auto known = std::lower_bound(before.begin(), before.end(), peer);
    if (known != before.end() && *known == peer) {
      next.push_back(std::move(peers_[static_cast<std::size_t>(known - before.begin())]));
      continue;
    }
    next.push_back(unheard(peer));
    next.back().awaited_since = now;
    next.back().deadline = now + options_.interval + options_.timeout;
  }
  peers_ = std::move(next);
}

const failure_detector::record* failure_detector::find(std::uint32_t peer) const {
  const auto found = std::lower_bound(ids_.begin(), ids_.end(), peer);
  return found == ids_.end() || *found != peer ? nullptr
                                               : &peers_[static_cast<std::size_t>(found - ids_.begin())];
}

failure_detector::record* failure_detector::find(std::uint32_t peer) {
  return const_cast<record*>(std::as_const(*this).find(peer));
}

void failure_detector::heard(std::uint32_t peer, evidence what, instant now,
                             std::vector<peer_change>& changes) {
  auto* const found = find(peer);
  if (!found) return;
  auto& one = *found;
  // An interval during which it was suspected, rightly or not, says nothing about its regularity.
  // Nor does one in which this observer stood still: what it hears first then had been waiting for it.
  const bool stood_still = now - due_ > options_.timeout / 2;
  if (stood_still || one.state != peer_state::up) {
    one.beat_at.reset();
    one.regular_since = now;
  }
  if (what == evidence::beat) {
    if (one.beat_at) one.arrivals.add(now - *one.beat_at);
    one.beat_at = stood_still ? std::nullopt : std::optional{now};
  }
  one.awaited_since.reset();
  if (!one.heard_at || now > *one.heard_at) {
    one.heard_at = now;
    one.deadline = now + patience(one);
  }
  change(one, peer_state::up, duration::zero(), changes);
}

void failure_detector::answered(std::uint32_t peer, instant asked, instant now,
                                std::vector<peer_change>& changes) {
  const auto* const found = find(peer);
  const bool regular = found && found->state == peer_state::up && asked >= found->regular_since;
  heard(peer, regular ? evidence::beat : evidence::other, now, changes);
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
  const auto* const found = find(peer);
  if (!found || found->state == peer_state::down || !found->heard_at) return 0;
  const auto& one = *found;
  const auto late = now - *one.heard_at - one.arrivals.mean() - options_.timeout / 2;
  return phi_of(std::chrono::duration<double>{late} / std::chrono::duration<double>{deviation(one)});
}

void failure_detector::lost(std::uint32_t peer, instant now, std::vector<peer_change>& changes) {
  auto* const found = find(peer);
  if (!found) return;
  found->beat_at.reset();
  change(*found, peer_state::down, silence(peer, now).value_or(duration::zero()), changes);
}

void failure_detector::judge(instant now, std::vector<peer_change>& changes) {
  const auto late = now - due_;
  const auto allowance = late > options_.timeout / 2 ? late : duration::zero();
  due_ = now + options_.interval;
  for (auto& one : peers_) {
    if (one.state != peer_state::up && !one.awaited_since) continue;
    one.deadline += allowance;
    if (allowance > duration::zero()) {
      one.beat_at.reset();
      one.regular_since = now;
    }
    if (now >= one.deadline) {
      one.beat_at.reset();
      const auto silent_since =
          std::exchange(one.awaited_since, std::nullopt).value_or(one.heard_at.value_or(now));
      change(one, peer_state::suspect, now - silent_since, changes);
    } else {
      due_ = std::min(due_, one.deadline);
    }
  }
}

peer_state failure_detector::state(std::uint32_t peer) const {
  const auto* const found = find(peer);
  return found ? found->state : peer_state::down;
}

std::optional<duration> failure_detector::silence(std::uint32_t peer, instant now) const {
  const auto* const found = find(peer);
  if (!found || !found->heard_at) return std::nullopt;
  return now - *found->heard_at;
}

void failure_detector::change(record& of, peer_state to, duration silence,
                              std::vector<peer_change>& changes) {
  if (of.state == to) return;
  changes.push_back({of.peer, of.state, to, silence});
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
