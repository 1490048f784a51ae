// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/own_status.hpp"

#include <utility>

namespace bulwark::consensus {

own_status::own_status(std::uint32_t self, std::shared_ptr<const member_board> board,
                       std::function<member_phase()> phase)
    : self_{self}, board_{std::move(board)}, phase_{std::move(phase)} {}

node_status own_status::now() const {
  const auto phase = phase_();
  node_condition node;
  node.drains = phase == member_phase::draining;
  node.is_up = phase != member_phase::starting && is_member();
  {
    const std::lock_guard guard{mutex_};
    node.restarts_a_part = parts_.is_restarting();
  }
  return status_of(node);
}

void own_status::take(const supervision_event& what) {
  const std::lock_guard guard{mutex_};
  parts_.take(what);
}

bool own_status::is_member() const {
  const auto group = board_->latest();
  const auto* known = group ? group->nodes().find(self_) : nullptr;
  return known && known->life == node_life{self_, board_->incarnation()} && known->is_live();
}

event_sink told_to(std::shared_ptr<own_status> status, event_sink next) {
  return [status = std::move(status), next = std::move(next)](const supervision_event& what) {
    status->take(what);
    if (next) next(what);
  };
}

}  // namespace bulwark::consensus
