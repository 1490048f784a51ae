// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "bulwark/actors/core/event.hpp"
#include "bulwark/consensus/member_board.hpp"
#include "bulwark/consensus/membership_actor.hpp"
#include "bulwark/supervision/core/node_condition.hpp"

namespace bulwark::consensus {

/// What this node tells its peers with each heartbeat: draining if it ends; recovering until its own life is
/// a member by the log that is applied here, which is then as far as the group was when it came; restarting
/// while a part of it is. Thread-safe.
class own_status {
 public:
  /// `self`: number of this node. `phase` as in membership_options, called in any thread.
  own_status(std::uint32_t self, std::shared_ptr<const member_board> board,
             std::function<member_phase()> phase);

  [[nodiscard]] node_status now() const;

  /// Takes what the supervisors of the node's own parts do.
  void take(const supervision_event& what);

 private:
  [[nodiscard]] bool is_member() const;

  const std::uint32_t self_;
  const std::shared_ptr<const member_board> board_;
  const std::function<member_phase()> phase_;
  mutable std::mutex mutex_;
  restart_watch parts_;
};

/// A sink that tells `status` of each event, and then `next`, which may be empty.
[[nodiscard]] event_sink told_to(std::shared_ptr<own_status> status, event_sink next);

}  // namespace bulwark::consensus
