// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "acceptor.hpp"
#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/replica.hpp"
#include "output.hpp"
#include "roster.hpp"
#include "slot_log.hpp"
#include "snapshots.hpp"

namespace bulwark::consensus {

/// Asks those who know more of the log for it, one at a time and piece by piece.
class learner {
 public:
  learner(const replica_options& options, const roster& group, slot_log& log, acceptor& own, output& out)
      : options_{options}, roster_{group}, log_{log}, acceptor_{own}, out_{out}, known_(node_set::capacity) {}

  /// The member knows the log up to there. It is asked at once if it is `urgent`, else if this replica does
  /// not get there on its own within an interval.
  void hint(std::size_t member, slot chosen, bool urgent);
  void on_learned(std::size_t from, const learned& what);
  /// It has no log that far back: a snapshot is on its way instead.
  void on_snapshot(std::size_t from, slot chosen);
  /// Somebody knows more of the log.
  [[nodiscard]] bool is_behind() const { return target_ > log_.chosen(); }
  /// Asks, if there is something to ask and somebody alive to be asked.
  void advance(const node_set& alive, instant now);
  /// The index means another node from now on.
  void forget(std::size_t index) { known_[index] = {}; }

 private:
  [[nodiscard]] std::optional<std::size_t> choose_source(const node_set& alive) const;

  const replica_options& options_;
  const roster& roster_;
  slot_log& log_;
  acceptor& acceptor_;
  output& out_;

  std::vector<slot> known_;  ///< by member: how far it knows the log
  slot target_{};            ///< the highest of them
  slot urgent_{};            ///< up to here there is no point in waiting
  std::optional<instant> behind_since_;
  std::size_t source_ = 0;           ///< asked last
  std::optional<instant> asked_at_;  ///< of the question that is open
};

/// Answers those who lag: from memory, from the store, or with a snapshot.
class teacher {
 public:
  teacher(const replica_options& options, const roster& group, const slot_log& log, snapshot_giver& snapshots,
          output& out)
      : options_{options},
        roster_{group},
        log_{log},
        snapshots_{snapshots},
        out_{out},
        fetching_(node_set::capacity) {}

  void on_learn(std::size_t from, const learn& what);
  void on_fetched(std::size_t peer, std::vector<chosen_entry> entries);
  /// The index means another node from now on.
  void forget(std::size_t index) { fetching_[index] = false; }

 private:
  const replica_options& options_;
  const roster& roster_;
  const slot_log& log_;
  snapshot_giver& snapshots_;
  output& out_;
  std::vector<bool> fetching_;  ///< by member: a fetch for it is open
};

}  // namespace bulwark::consensus
