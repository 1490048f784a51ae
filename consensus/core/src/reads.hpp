// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "bulwark/consensus/core/messages.hpp"
#include "output.hpp"
#include "voters.hpp"

namespace bulwark::consensus {

/// Linearizable reads of a leader without a log entry. All reads that wait share a round: its index is the
/// chosen watermark at its start, and once a majority said that it has promised no higher ballot, no write
/// that was acknowledged before the start can be missing up to the index.
///
/// Source: Ongaro, "Consensus: Bridging Theory and Practice" (2014), section 6.4 (read index)
/// Bounds: at most `waiting_max` reads
class reads {
 public:
  reads(const voters& group, std::size_t waiting_max, output& out)
      : voters_{group}, waiting_max_{waiting_max}, out_{out} {}

  /// False if too many wait; then it leaves the read alone.
  bool add(command&& what);
  /// Starts a round if reads wait for one and none is under way. @pre the leader serves
  void advance(ballot under, slot chosen);
  void on_confirmed(std::size_t from, const confirmed& what);
  void on_interval();
  /// The reads whose index is applied; they may be answered from the state as it is now.
  std::vector<command> take_ready(slot applied);
  /// Gives up leadership: all reads that are not answered.
  std::vector<command> drain();

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct round {
    ballot under;
    slot index{};
    voter_set confirmed_by;
    std::vector<command> reads;
  };
  struct confirmed_reads {
    slot index{};
    std::vector<command> reads;
  };

  void ask();
  void conclude_if_confirmed();

  const voters& voters_;
  std::size_t waiting_max_;
  output& out_;
  std::vector<command> waiting_;  ///< for the next round
  std::optional<round> running_;
  std::uint64_t number_ = 0;  ///< of the running or last round; never used twice
  std::deque<confirmed_reads> ready_;
  std::size_t size_ = 0;
};

}  // namespace bulwark::consensus
