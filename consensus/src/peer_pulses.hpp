// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/ids.hpp"

namespace bulwark::consensus {

/// Judges which peers are silent by when something came from them.
class peer_pulses {
 public:
  void add(node_id peer, instant now) { peers_[peer].heard_at = now; }

  /// Something came. True if that is news: it was silent, or nothing was known of it.
  bool hear(node_id peer, instant now) {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return false;
    auto& one = found->second;
    one.heard_at = now;
    return std::exchange(one.judged, judgement::heard) != judgement::heard;
  }

  /// To be called once per interval. Returns who has become silent.
  std::vector<node_id> tick(instant now, duration interval, duration timeout) {
    // If it is this process that stood still, what the others said meanwhile waits to be heard.
    const bool late = ticked_at_ != instant{} && now - ticked_at_ > interval + timeout / 2;
    ticked_at_ = now;
    std::vector<node_id> fallen;
    for (auto& [peer, one] : peers_) {
      if (late) one.heard_at = now;
      if (one.judged == judgement::silent || now - one.heard_at <= interval + timeout) continue;
      one.judged = judgement::silent;
      fallen.push_back(peer);
    }
    return fallen;
  }

  [[nodiscard]] bool is_silent(node_id peer) const {
    const auto found = peers_.find(peer);
    return found != peers_.end() && found->second.judged == judgement::silent;
  }

 private:
  enum class judgement : std::uint8_t { unknown, heard, silent };
  struct peer_state {
    instant heard_at{};
    judgement judged = judgement::unknown;
  };
  std::map<node_id, peer_state> peers_;
  instant ticked_at_{};
};

}  // namespace bulwark::consensus
