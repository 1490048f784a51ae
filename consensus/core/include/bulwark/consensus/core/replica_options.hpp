// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/ids.hpp"

namespace bulwark::consensus {

/// What a node must not do since it lost what it had promised and accepted, under the same number.
struct lost_word {
  /// It gives nobody its word, and does not lead, before it has applied the log up to here, where the group
  /// went on without it: by what it knows before, it might take itself for a voter.
  slot no_vote_up_to{};
  /// It uses no ballot of these rounds, and takes part in none: it may have proposed under them, or promised
  /// a higher one. Whoever led the group that was without it had the last of them.
  std::uint64_t no_round_up_to = 0;

  friend bool operator==(const lost_word&, const lost_word&) = default;
};

/// Bounds and timing of one replica. `validate()` says what is wrong with them.
struct replica_options {
  group_id group{};
  node_id self = node_id::none;
  std::vector<node_id> members;  ///< who votes until the log says otherwise; self included, unless it joins
  bool joins = false;            ///< self is none of them: it only follows, until the group takes it in
  std::uint32_t accept_quorum =
      0;                          ///< so many voters choose a value, and voters + 1 - so many elect a leader;
                                  ///< 0: a majority for both. Goes by the log, too, once that says who votes
  std::uint8_t priority = 0;      ///< of those who could lead, the one with the highest goes first
  lost_word lost{};               ///< by self, in an earlier life
  std::uint64_t incarnation = 0;  ///< differs in each life of the node
  std::uint64_t seed = 1;         ///< for the jitter of elections

  duration interval = std::chrono::milliseconds{100};  ///< T_interval: time between heartbeats
  duration timeout =
      std::chrono::milliseconds{400};  ///< T_timeout: a peer silent for T_interval + T_timeout is gone
  duration request_timeout =
      std::chrono::seconds{5};  ///< a request without an outcome by then gets `unknown` or `no_leader`
  duration no_leader_patience =
      std::chrono::seconds{1};  ///< how long a request waits for a leader to be elected
  std::chrono::milliseconds lease{
      0};  ///< how long members promise the leader to elect no other, so that it may read without asking
           ///< them; 0: every read asks. Leases lean on clocks, and delay an election: see docs/protocol.md

  duration quiet_after{0};  ///< a group that had nothing to do for so long stops its heartbeat rounds, and
                            ///< goes by peer_silence until something happens; 0: never. All members must know
                            ///< the messages `rest` and `resting`

  std::size_t window = 64;                ///< slots in flight at the leader
  std::size_t batch_commands = 512;       ///< commands in one slot
  std::size_t batch_bytes = 1u << 20;     ///< payload in one slot
  std::size_t waiting_commands = 16384;   ///< requests held at one replica; more are `overloaded`
  std::size_t waiting_bytes = 64u << 20;  ///< their payload
  std::size_t cached_bytes =
      64u << 20;  ///< applied values kept in memory for laggards; older ones are read from the log
  std::size_t learn_bytes = 1u << 20;  ///< payload of one `learned`, and of one piece of a snapshot

  std::size_t snapshot_entries =
      0;  ///< a snapshot is taken after so many applied commands; 0: not for that reason
  std::size_t snapshot_bytes = 0;  ///< and after so much applied payload, and as much as the last snapshot
                                   ///< took; 0: not for that reason
  std::uint64_t snapshot_bytes_max = std::uint64_t{1}
                                     << 40;  ///< a larger one is not taken in: it goes to disk, not to memory

  /// Empty if the options can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

}  // namespace bulwark::consensus
