// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "bulwark/supervision/core/vitals.hpp"

namespace bulwark {

/// One score for each vital: deviations above the usual, 0 to 99.
using vital_scores = std::array<double, vital_count>;

/// What all nodes have in common, vital by vital: the lower median. If most of them are busy, being busy is
/// no anomaly. Zeros for none. Reorders `all`.
[[nodiscard]] vital_scores common_scores(std::vector<vital_scores>& all);

/// The one of a node's vitals that is furthest from what is usual for it.
struct anomaly {
  double score = 0;  ///< deviations above the usual; 0 to 99
  vital of = vital::round_trip;
  double usual = 0;  ///< in the unit of the vital
  double seen = 0;   ///< the least of the latest three
};

/// One change of opinion about a node.
struct anomaly_change {
  bool anomalous = false;
  anomaly what;
};

/// Learns what is usual for one node, and tells how unusual its latest vitals are.
///
/// Each vital is taken as ln(1 + value / resolution), for load and latency are skewed and differ by factors.
/// Mean and deviation of it are moving averages over some 3000 samples, after Roberts: "Control chart tests
/// based on geometric moving averages" (1959); a sample that is far out is first pulled in to two
/// deviations, so that a fault does not make itself usual at once, yet a change that lasts becomes usual
/// within minutes. A vital's score is the least of its last three samples: one late packet is no anomaly.
/// Only more than usual is one: a node that idles is not ill. And only what the others do not show as well.
///
/// Owner:  one heartbeat_monitor, or a test; not thread-safe
/// Cost:   O(1), no allocation
class anomaly_tracker {
 public:
  /// A node counts as anomalous from this score on (about 4.5 times the usual for a steady vital) ...
  static constexpr double alarm = 6;
  /// ... until all of its last three samples are below this one.
  static constexpr double all_clear = 3;
  /// No vital is judged before it was seen this often.
  static constexpr std::size_t learning = 30;

  /// Takes in a sample, in the unit of the vital; what is not above zero counts as zero.
  void observe(vital one, double value);

  [[nodiscard]] vital_scores scores() const;

  /// The vital that is furthest above what all nodes have in common.
  [[nodiscard]] anomaly worst(const vital_scores& common = {}) const;

  /// Whether the opinion about the node changed since the last call.
  [[nodiscard]] std::optional<anomaly_change> take_change(const vital_scores& common = {});
  /// By the last of these calls.
  [[nodiscard]] bool is_anomalous() const noexcept { return anomalous_; }

 private:
  struct series {
    std::size_t count = 0;
    double mean = 0;      ///< of the transformed samples
    double variance = 0;  ///< of them
    std::array<double, 3> scores{};
    std::array<double, 3> values{};
  };

  [[nodiscard]] bool calm(const vital_scores& common) const;

  std::array<series, vital_count> series_;
  bool anomalous_ = false;
};

}  // namespace bulwark
