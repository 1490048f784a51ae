// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/supervision/core/failure_detector.hpp"
#include "bulwark/supervision/core/membership_group.hpp"

namespace bulwark::consensus {

/// What a node's actors show each other of nodes and names, and what outlives each of them: what the group
/// decided, whom the detector hears, in which life this node is a member, whether it leads. Thread-safe.
class member_board {
 public:
  /// `changed` is called after each change in the thread that made it; must be quick. `incarnation` is that
  /// of this process.
  member_board(std::uint64_t incarnation, std::function<void()> changed)
      : incarnation_{incarnation}, changed_{std::move(changed)} {}

  /// Shows the state of the group. Only ever goes forward: a replica that is restarted and replays its log
  /// changes nothing here until it is past what was shown.
  void publish(const membership_group& group);

  /// Null before the first change.
  [[nodiscard]] std::shared_ptr<const membership_group> latest() const;

  /// Of the life in which this node is a member, or wants to be. Higher than that of its process once the
  /// group held a life of this process for over.
  [[nodiscard]] std::uint64_t incarnation() const noexcept { return incarnation_.load(); }
  void begin_life(std::uint64_t incarnation) noexcept { incarnation_.store(incarnation); }

  // -- the detector's verdicts

  /// A new detector begins, which watches all and has heard nobody yet.
  void begin_hearing(instant now);
  void set_verdict(std::uint32_t peer, peer_state verdict);
  /// The detector watches the peer from now on, and has not heard it yet, or no longer.
  void set_watched(std::uint32_t peer, bool watched);
  /// Nothing if the detector does not watch the peer.
  [[nodiscard]] std::optional<peer_state> verdict(std::uint32_t peer) const;
  [[nodiscard]] instant hearing_since() const;

  // -- the replica's place

  /// As it was found last; who leads has to watch all members.
  [[nodiscard]] bool leads() const noexcept { return leads_.load(); }
  void set_leads(bool leads) noexcept { leads_.store(leads); }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const membership_group> latest_;
  std::atomic<std::uint64_t> incarnation_;
  std::function<void()> changed_;
  std::map<std::uint32_t, std::optional<peer_state>> verdicts_;
  std::atomic<bool> leads_ = false;
  instant hearing_since_{};
};

}  // namespace bulwark::consensus
