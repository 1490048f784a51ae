// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/supervision/core/arrival_window.hpp"

namespace bulwark {

enum class detector_kind : std::uint8_t {
  fixed,  ///< suspect once silent for T_interval + T_timeout
  phi,    ///< suspect once silence is improbable, judged by how regularly heartbeats came so far
};

/// "fixed" or "phi"; nothing if it is neither.
[[nodiscard]] std::optional<detector_kind> parse_detector_kind(std::string_view text);

/// When a silent peer counts as faulty.
struct detector_options {
  duration interval = std::chrono::milliseconds{100};  ///< T_interval: between heartbeats
  duration timeout = std::chrono::milliseconds{400};   ///< T_timeout: how much later than due one may come
  detector_kind kind = detector_kind::phi;
  /// phi only: a peer is suspect when the chance that it is merely late is 10^-threshold. Half of T_timeout
  /// is allowed on top of the mean interval, and a twentieth of it is the least deviation that is assumed.
  double threshold = 8;
  std::size_t window = 200;  ///< phi only: intervals that are remembered for each peer

  /// Empty if the options can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// What kind of sign of life it was.
enum class evidence : std::uint8_t {
  beat,   ///< one of those that come every T_interval, such as the answer to each beat of the observer
  other,  ///< any other message
};

enum class peer_state : std::uint8_t {
  down,     ///< not heard since the start, or since its connection was lost
  up,       ///< heard in time
  suspect,  ///< connected, but silent for too long
};

/// A verdict that changed.
struct peer_change {
  std::uint32_t peer = 0;
  peer_state from = peer_state::down;
  peer_state to = peer_state::down;
  /// Since it was heard last, or since it is watched, if it was not heard since; zero if it is heard now.
  duration silence{};

  friend bool operator==(const peer_change&, const peer_change&) = default;
};

/// Decides which peers are faulty: by a fixed timeout, or by the phi accrual of Hayashibara et al. (2004).
///
///     down | suspect --heard--> up --silent for too long--> suspect
///     any --lost--> down --watched, and not heard in time--> suspect
///
/// With phi, a peer may be silent for mean + T_timeout / 2 + z * deviation, where mean and deviation are
/// those of its latest intervals and z follows from the threshold; never for more than T_interval + 4 *
/// T_timeout.
///
/// An observer that stood still itself accuses nobody: if it comes to judge later than it meant to, by more
/// than half of T_timeout, all deadlines move by that much, since what peers said meanwhile still waits to be
/// taken in. Nor does such a gap count as an interval of anybody.
///
/// What waited meanwhile, here or at a peer that stood still, comes all at once afterwards. It says nothing
/// of how regularly that peer is heard: answers count as regular only if they were asked for since.
///
/// Whom it watches may change. Of one that comes in nothing is known, so it is neither up nor suspect: it has
/// T_interval + T_timeout to be heard. One that goes is forgotten, and is no longer judged by whatever comes.
///
/// Owner:  one heartbeat_monitor, or a test; not thread-safe
/// Time:   the caller passes `now`; never goes back
/// Errors: peers that it does not watch are ignored
/// Cost:   O(log peers) to hear one, O(peers) to judge; no allocation
class failure_detector {
 public:
  /// @pre options.validate().empty()
  failure_detector(const detector_options& options, const std::vector<std::uint32_t>& peers, instant now);

  /// Watches these peers from now on, and no others. What is known of those that stay stays.
  void watch(const std::vector<std::uint32_t>& peers, instant now);
  [[nodiscard]] bool watches(std::uint32_t peer) const { return find(peer) != nullptr; }

  /// The peer gave a sign of life.
  void heard(std::uint32_t peer, evidence what, instant now, std::vector<peer_change>& changes);

  /// The peer answered the beat that it was sent at `asked`, by the clock of `now`: a beat, unless it was
  /// asked for before the peer was up, or before this observer stood still for the last time.
  void answered(std::uint32_t peer, instant asked, instant now, std::vector<peer_change>& changes);

  /// The connection to the peer was lost: this counts at once.
  void lost(std::uint32_t peer, instant now, std::vector<peer_change>& changes);

  /// Finds those that are silent for too long. Call it at next_judgement(), after everything that came in
  /// until then.
  void judge(instant now, std::vector<peer_change>& changes);

  /// When judge() is due.
  [[nodiscard]] instant next_judgement() const noexcept { return due_; }

  [[nodiscard]] peer_state state(std::uint32_t peer) const;

  /// The suspicion level: how sure it is that the peer is gone, as -log10 of the chance that it is merely
  /// late. 0 for one that was never heard, or whose connection is lost: that is known without guessing.
  [[nodiscard]] double phi(std::uint32_t peer, instant now) const;

  /// Since the peer was heard last; nothing if it never was.
  [[nodiscard]] std::optional<duration> silence(std::uint32_t peer, instant now) const;

 private:
  struct record {
    std::uint32_t peer;
    peer_state state = peer_state::down;
    std::optional<instant> heard_at{};
    std::optional<instant> beat_at{};  ///< where the interval to the next beat began
    instant regular_since{};           ///< what it was asked before then may have waited
    /// Since when it is watched, if that began with watch() and nothing was heard of it yet.
    std::optional<instant> awaited_since{};
    instant deadline{};  ///< meaningful if up or awaited
    arrival_window arrivals;
  };

  void sort_ids();
  [[nodiscard]] record unheard(std::uint32_t peer) const;
  /// How long this peer may be silent.
  [[nodiscard]] duration patience(const record& of) const;
  [[nodiscard]] duration deviation(const record& of) const;
  [[nodiscard]] record* find(std::uint32_t peer);
  [[nodiscard]] const record* find(std::uint32_t peer) const;
  static void change(record& of, peer_state to, duration silence, std::vector<peer_change>& changes);

  detector_options options_;
  double deviations_;               ///< z
  std::vector<std::uint32_t> ids_;  ///< ascending; by themselves, for a fast search
  std::vector<record> peers_;       ///< in the order of ids_
  instant due_;
};

[[nodiscard]] const char* to_string(detector_kind kind) noexcept;
[[nodiscard]] const char* to_string(peer_state state) noexcept;
std::ostream& operator<<(std::ostream& out, peer_state state);
std::ostream& operator<<(std::ostream& out, const peer_change& change);

}  // namespace bulwark
