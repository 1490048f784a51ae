// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "bulwark/consensus/core/messages.hpp"
#include "leases.hpp"
#include "output.hpp"
#include "roster.hpp"

namespace bulwark::consensus {

/// Linearizable reads of a leader without a log entry. All reads that wait share a round: its index is the
/// chosen watermark at its start, and once a majority said that it has promised no higher ballot, no write
/// that was acknowledged before the start can be missing up to the index.
///
/// A round may bring a lease as well. While it holds, reads need no round; but whoever answers one looks
/// again, once it has the reply, whether the lease still holds: there is no telling how long that took.
///
/// Members ask for the index alone as well, for reads of their own that may be old: see staleness.
///
/// Source: Ongaro, "Consensus: Bridging Theory and Practice" (2014), sections 6.4 (read index) and 6.4.1
/// (leases)
/// Bounds: at most `waiting_max` reads, and one question of each node
class reads {
 public:
  struct ready_read {
    command what;
    bool by_lease = false;
  };

  /// A node that wants to know an index, and how it asked.
  struct asker {
    node_id who = node_id::none;
    vouch question;
  };
  /// The index of a round that began after the question had come.
  struct voucher {
    asker to;
    ballot under;
    slot index{};
  };

  /// `lease`: the length of the leases that rounds ask for; 0: none.
  reads(const roster& group, std::size_t waiting_max, std::chrono::milliseconds lease, output& out)
      : roster_{group}, waiting_max_{waiting_max}, lease_length_{lease}, out_{out} {}

  /// False if too many wait; then it leaves the read alone.
  bool add(command&& what);
  /// Asks for the index of a round to come; a question of the same node that still waits for one is dropped.
  void add(const asker& what);
  /// Lets the reads that wait go on by the lease, or by a round unless one is under way. @pre the leader
  /// serves
  void advance(ballot under, slot chosen, instant now);
  /// Whether what was read before now is as good as what would be read now.
  [[nodiscard]] bool holds_lease(ballot under, instant now) const { return lease_.holds(under, now); }
  /// Gives the lease back, so that another may be elected at once, and asks for none until lease_again().
  void give_lease_back(ballot under, slot chosen, instant now);
  void lease_again() { leases_wanted_ = true; }
  void on_confirmed(std::size_t from, const confirmed& what);
  void on_interval();
  /// The reads whose index is applied; they may be answered from the state as it is now.
  std::vector<ready_read> take_ready(slot applied);
  /// What is to be told to those who asked for an index.
  std::vector<voucher> take_vouchers() { return std::exchange(vouchers_, {}); }
  /// Gives up leadership: all reads that are not answered.
  std::vector<command> drain();

  /// Nobody waits for anything.
  [[nodiscard]] bool is_idle() const { return size_ == 0 && askers_.empty() && !has_askers(); }

 private:
  struct round {
    ballot under;
    slot index{};
    instant begun_at;
    std::uint32_t lease_asked_ms = 0;
    std::uint32_t lease_given_ms = 0;  ///< the least so far
    node_set confirmed_by;
    std::vector<command> reads;
    std::vector<asker> askers;
  };
  struct confirmed_reads {
    slot index{};
    bool by_lease = false;
    std::vector<command> reads;
  };

  [[nodiscard]] bool has_askers() const { return running_ && !running_->askers.empty(); }
  void tell(const std::vector<asker>& all, ballot under, slot index);
  void begin_round(ballot under, slot chosen, instant now);
  void ask();
  void conclude_if_confirmed();

  const roster& roster_;
  std::size_t waiting_max_;
  std::chrono::milliseconds lease_length_;
  output& out_;
  leader_lease lease_;
  bool leases_wanted_ = true;
  std::vector<command> waiting_;  ///< for the next round
  std::vector<asker> askers_;     ///< likewise
  std::optional<round> running_;
  std::uint64_t number_ = 0;  ///< of the running or last round; never used twice
  std::deque<confirmed_reads> ready_;
  std::vector<voucher> vouchers_;
  std::size_t size_ = 0;
};

}  // namespace bulwark::consensus
