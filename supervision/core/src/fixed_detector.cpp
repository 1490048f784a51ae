// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/fixed_detector.hpp"

#include <algorithm>
#include <ostream>

namespace bulwark {

std::string detector_options::validate() const {
  if (interval <= duration::zero()) return "T_interval is not above zero";
  if (timeout <= duration::zero()) return "T_timeout is not above zero";
  return {};
}

fixed_detector::fixed_detector(const detector_options& options, const std::vector<std::uint32_t>& peers,
                               instant now)
    : options_{options}, due_{now + options.interval} {
  for (const auto peer : peers) peers_.emplace(peer, record{});
}

void fixed_detector::heard(std::uint32_t peer, instant now, std::vector<peer_change>& changes) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  auto& one = found->second;
  one.heard_at = now;
  one.deadline = now + options_.interval + options_.timeout;
  change(peer, one, peer_state::up, duration::zero(), changes);
}

void fixed_detector::lost(std::uint32_t peer, instant now, std::vector<peer_change>& changes) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  change(peer, found->second, peer_state::down, silence(peer, now).value_or(duration::zero()), changes);
}

void fixed_detector::judge(instant now, std::vector<peer_change>& changes) {
  const auto late = now - due_;
  const auto allowance = late > options_.timeout / 2 ? late : duration::zero();
  due_ = now + options_.interval;
  for (auto& [peer, one] : peers_) {
    if (one.state != peer_state::up) continue;
    one.deadline += allowance;
    if (now >= one.deadline) {
      change(peer, one, peer_state::suspect, now - *one.heard_at, changes);
    } else {
      due_ = std::min(due_, one.deadline);
    }
  }
}

peer_state fixed_detector::state(std::uint32_t peer) const {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? peer_state::down : found->second.state;
}

std::optional<duration> fixed_detector::silence(std::uint32_t peer, instant now) const {
  const auto found = peers_.find(peer);
  if (found == peers_.end() || !found->second.heard_at) return std::nullopt;
  return now - *found->second.heard_at;
}

void fixed_detector::change(std::uint32_t peer, record& of, peer_state to, duration silence,
                            std::vector<peer_change>& changes) {
  if (of.state == to) return;
  changes.push_back({peer, of.state, to, silence});
  of.state = to;
}

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
