// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/supervision/core/anomaly_tracker.hpp"
#include "bulwark/supervision/core/heartbeat.hpp"

namespace bulwark {

/// What a heartbeat monitor thinks of whether those whom it watches behave as usual, by their answers.
///
/// An observer that asks every `interval` gets a sample as often. What a peer answers at once, as it does
/// when it goes on after it stood still, is one sample, since it tells the same again: by the peer's own
/// clock half an interval lies between two.
///
/// Owner: one heartbeat_monitor; not thread-safe
class peer_opinions {
 public:
  explicit peer_opinions(duration interval) : interval_{interval} {}

  /// This node itself, once in each round.
  void observe_self(const vitals& load);
  /// An answer of a peer; `rtt_us` below zero: not measured.
  void hear(std::uint32_t peer, const heartbeat& what, std::int64_t rtt_us);
  /// Of a peer nothing is usual any more. True if it counted as anomalous.
  bool forget(std::uint32_t peer);

  /// Compares all with each other. Gives the opinions that changed since the last time.
  std::vector<std::pair<std::uint32_t, anomaly_change>> take_changes();

  /// How unusual a peer is by the latest comparison; score 0 if nothing is known of it.
  [[nodiscard]] anomaly worst(std::uint32_t peer) const;

 private:
  struct opinion {
    anomaly_tracker tracker;
    std::uint64_t next_uptime_ms = 0;  ///< of the peer: what it says before is no new sample
  };

  duration interval_;
  anomaly_tracker self_;
  std::map<std::uint32_t, opinion> peers_;
  std::vector<vital_scores> scores_;  ///< kept for its memory
  vital_scores common_{};
};

}  // namespace bulwark
