// SPDX-License-Identifier: BSD-3-Clause
#include "peer_opinions.hpp"

#include <chrono>

namespace bulwark {

namespace {

void observe_load(anomaly_tracker& tracker, const vitals& load) {
  tracker.observe(vital::lag, load.lag_us);
  tracker.observe(vital::cpu, load.cpu_permille);
  tracker.observe(vital::memory, static_cast<double>(load.memory_kib));
  tracker.observe(vital::queue, load.queue);
  tracker.observe(vital::mailbox_age, load.mailbox_age_us);
}

}  // namespace

void peer_opinions::observe_self(const vitals& load) { observe_load(self_, load); }

void peer_opinions::hear(std::uint32_t peer, const heartbeat& what, std::int64_t rtt_us) {
  auto& [tracker, next_uptime_ms] = peers_[peer];
  if (what.uptime_ms < next_uptime_ms) return;
  const auto apart = std::chrono::duration_cast<std::chrono::milliseconds>(interval_ / 2);
  next_uptime_ms = what.uptime_ms + static_cast<std::uint64_t>(apart.count());
  if (rtt_us >= 0) tracker.observe(vital::round_trip, static_cast<double>(rtt_us));
  observe_load(tracker, what.load);
}

bool peer_opinions::forget(std::uint32_t peer) {
  const auto known = peers_.extract(peer);
  return !known.empty() && known.mapped().tracker.is_anomalous();
}

std::vector<std::pair<std::uint32_t, anomaly_change>> peer_opinions::take_changes() {
  scores_.assign(1, self_.scores());
  for (const auto& [peer, one] : peers_) scores_.push_back(one.tracker.scores());
  common_ = common_scores(scores_);
  std::vector<std::pair<std::uint32_t, anomaly_change>> changes;
  for (auto& [peer, one] : peers_)
    if (const auto change = one.tracker.take_change(common_)) changes.emplace_back(peer, *change);
  return changes;
}

anomaly peer_opinions::worst(std::uint32_t peer) const {
  const auto known = peers_.find(peer);
  return known == peers_.end() ? anomaly{} : known->second.tracker.worst(common_);
}

}  // namespace bulwark
