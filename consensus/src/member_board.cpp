// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/member_board.hpp"

namespace bulwark::consensus {

void member_board::publish(const membership_group& group) {
  {
    const std::lock_guard guard{mutex_};
    if (latest_ && (group.nodes().view() < latest_->nodes().view() ||
                    group.names().revision() < latest_->names().revision() ||
                    group.children().revision() < latest_->children().revision()))
      return;
    latest_ = std::make_shared<const membership_group>(group);
  }
  if (changed_) changed_();
}

std::shared_ptr<const membership_group> member_board::latest() const {
  const std::lock_guard guard{mutex_};
  return latest_;
}

void member_board::begin_hearing(instant now) {
  const std::lock_guard guard{mutex_};
  verdicts_.clear();
  hearing_since_ = now;
}

void member_board::set_verdict(std::uint32_t peer, peer_state verdict) {
  const std::lock_guard guard{mutex_};
  verdicts_[peer] = verdict;
}

void member_board::set_watched(std::uint32_t peer, bool watched) {
  const std::lock_guard guard{mutex_};
  verdicts_[peer] = watched ? std::optional{peer_state::down} : std::nullopt;
}

std::optional<peer_state> member_board::verdict(std::uint32_t peer) const {
  const std::lock_guard guard{mutex_};
  const auto found = verdicts_.find(peer);
  return found == verdicts_.end() ? peer_state::down : found->second;
}

instant member_board::hearing_since() const {
  const std::lock_guard guard{mutex_};
  return hearing_since_;
}

}  // namespace bulwark::consensus
