// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// When a silent peer counts as faulty.
struct detector_options {
  duration interval = std::chrono::milliseconds{100};  ///< T_interval: between heartbeats
  duration timeout = std::chrono::milliseconds{400};   ///< T_timeout: how much later than due one may come

  /// Empty if the options can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

enum class peer_state : std::uint8_t {
  down,     ///< not heard since the start, or since its connection was lost
  up,       ///< heard in time
  suspect,  ///< connected, but silent for longer than T_interval + T_timeout
};

/// A verdict that changed.
struct peer_change {
  std::uint32_t peer = 0;
  peer_state from = peer_state::down;
  peer_state to = peer_state::down;
  duration silence{};  ///< since it was heard last; zero if it is heard now, or never was

  friend bool operator==(const peer_change&, const peer_change&) = default;
};

/// Decides which peers are faulty, by a fixed timeout.
///
///     down | suspect --heard--> up --silent for T_interval + T_timeout--> suspect
///     any --lost--> down
///
/// An observer that stood still itself accuses nobody: if it comes to judge later than it meant to, by more
/// than half of T_timeout, all deadlines move by that much, since what peers said meanwhile still waits to be
/// taken in.
///
/// Owner:  one heartbeat_monitor, or a test; not thread-safe
/// Time:   the caller passes `now`; never goes back
/// Errors: peers it was not told of are ignored
/// Cost:   O(log peers) to hear one, O(peers) to judge
class fixed_detector {
 public:
  /// @pre options.validate().empty()
  fixed_detector(const detector_options& options, const std::vector<std::uint32_t>& peers, instant now);

  /// The peer gave a sign of life.
  void heard(std::uint32_t peer, instant now, std::vector<peer_change>& changes);

  /// The connection to the peer was lost: this counts at once.
  void lost(std::uint32_t peer, instant now, std::vector<peer_change>& changes);

  /// Finds those that are silent for too long. Call it at next_judgement(), after everything that came in
  /// until then.
  void judge(instant now, std::vector<peer_change>& changes);

  /// When judge() is due.
  [[nodiscard]] instant next_judgement() const noexcept { return due_; }

  [[nodiscard]] peer_state state(std::uint32_t peer) const;

  /// Since the peer was heard last; nothing if it never was.
  [[nodiscard]] std::optional<duration> silence(std::uint32_t peer, instant now) const;

 private:
  struct record {
    peer_state state = peer_state::down;
    std::optional<instant> heard_at;
    instant deadline{};  ///< meaningful if up
  };

  static void change(std::uint32_t peer, record& of, peer_state to, duration silence,
                     std::vector<peer_change>& changes);

  detector_options options_;
  std::map<std::uint32_t, record> peers_;
  instant due_;
};

[[nodiscard]] const char* to_string(peer_state state) noexcept;
std::ostream& operator<<(std::ostream& out, peer_state state);
std::ostream& operator<<(std::ostream& out, const peer_change& change);

}  // namespace bulwark
