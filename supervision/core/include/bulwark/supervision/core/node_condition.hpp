// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <set>
#include <string>

#include "bulwark/actors/core/event.hpp"
#include "bulwark/supervision/core/heartbeat.hpp"

namespace bulwark {

/// Which parts of a supervision tree are being restarted, by the events of its supervisors.
///
/// A part counts from its end, or a start that failed, until it is ready again, is stopped, or is given up
/// for good; what the supervisors stop along with it counts from its next start. What belongs to a supervisor
/// that ends is no part any more.
///
/// Owner:  one node; not thread-safe
/// Bounds: one path for each child of the tree
class restart_watch {
 public:
  /// Takes the events of one tree in their order; of all its children that may end for good, none ends
  /// unasked.
  void take(const supervision_event& event);

  [[nodiscard]] bool is_restarting() const noexcept { return !parts_.empty(); }

 private:
  void forget_below(const std::string& path);

  std::set<std::string> parts_;  ///< paths
};

/// What a node knows of itself.
struct node_condition {
  bool drains = false;
  bool is_up = false;  ///< it serves, and has applied the log of its group up to its own joining
  bool restarts_a_part = false;
};

/// What it tells of that: that it ends before all else, and that it is not up yet before what it does to get
/// there.
[[nodiscard]] node_status status_of(const node_condition& node) noexcept;

}  // namespace bulwark
