// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/replica.hpp"
#include "output.hpp"
#include "roster.hpp"
#include "slot_log.hpp"

namespace bulwark::consensus {

/// Says when this replica takes a snapshot, and answers those who lag behind the log.
class snapshot_giver {
 public:
  snapshot_giver(const replica_options& options, const roster& group, slot newest, slot kept, output& out)
      : options_{options},
        roster_{group},
        newest_{newest},
        kept_{kept},
        out_{out},
        fetching_(node_set::capacity) {}

  /// The slot of the newest durable snapshot; none if there is none.
  [[nodiscard]] slot newest() const { return newest_; }

  /// Up to here the log is gone, and snapshots stand for it.
  [[nodiscard]] slot kept() const { return kept_; }

  /// The value was applied in the slot; the state is now right behind it.
  void on_applied(slot at, const value& what);
  void on_saved(const snapshot_saved& what);
  /// Another member's snapshot became the state.
  void on_installed(slot at);

  void on_ask(std::size_t from, const snapshot_ask& what);
  void on_fetched(std::size_t peer, snapshot_part part, slot chosen);
  /// The index means another node from now on.
  void forget(std::size_t index) { fetching_[index] = false; }

 private:
  [[nodiscard]] bool is_due() const;

  const replica_options& options_;
  const roster& roster_;
  slot newest_;
  slot kept_;
  output& out_;
  std::size_t entries_ = 0;     ///< applied since the last snapshot
  std::size_t bytes_ = 0;       ///< their payload
  std::size_t last_bytes_ = 0;  ///< of the last snapshot: writing the state costs at most as much as the log
  bool saving_ = false;
  bool able_ = true;            ///< the state machine can be saved
  std::vector<bool> fetching_;  ///< by member: a fetch for it is open
};

/// Takes in another member's snapshot, piece by piece, each of which is stored before the next is asked for,
/// so that none of it stays in memory. A piece that is lost is asked for again, also from others.
///
///   idle --first piece--> storing --stored--> receiving --piece--> storing ...
///        storing --last piece stored, hash right--> installing --restored--> idle
///           '--hash wrong, or not needed any more--> idle
class snapshot_receiver {
 public:
  snapshot_receiver(const replica_options& options, const roster& group, const slot_log& log, output& out)
      : options_{options}, roster_{group}, log_{log}, out_{out} {}

  void on_chunk(std::size_t from, snapshot_chunk& what, instant now);
  /// `wanted`: the state may become that of a snapshot.
  void on_stored(const snapshot_piece_stored& what, bool wanted, instant now);
  /// Asks again for a piece that did not come, or gives up its source.
  void advance(const node_set& alive, instant now);
  void on_restored();

  /// A piece is on its way, from a member or to the disk.
  [[nodiscard]] bool is_receiving() const { return storing_ || asked_at_.has_value(); }
  /// The whole is being made durable: until then nothing may be applied.
  [[nodiscard]] bool is_installing() const { return installing_; }

 private:
  void begin(const snapshot_id& which);
  void drop();
  void store(snapshot_part& part);
  void ask(std::size_t whom, instant now);

  const replica_options& options_;
  const roster& roster_;
  const slot_log& log_;
  output& out_;
  snapshot_id wanted_;
  snapshot_hasher stored_;     ///< of what is stored
  snapshot_hasher with_next_;  ///< and of the piece that is being stored
  bool storing_ = false;
  bool installing_ = false;
  std::size_t source_ = 0;
  std::optional<instant> asked_at_;
};

}  // namespace bulwark::consensus
