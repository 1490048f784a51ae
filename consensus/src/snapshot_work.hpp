// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <cstdint>
#include <functional>
#include <optional>

#include "bulwark/consensus/core/snapshot_stream.hpp"
#include "bulwark/consensus/replica_actor.hpp"

namespace bulwark::consensus {

/// To the replica itself: the next piece of the snapshot that it takes is due.
struct save_more {
  slot at{};
};

/// Performs the effects of one replica that deal with snapshots: between its state machine and its log, piece
/// by piece. While a piece is at the log, the replica takes other messages; and between two pieces of an own
/// snapshot it rests for as long as the first took, so that disks and processors are left to clients half the
/// time.
///
/// Owner:  one replica_actor, in whose turns all of it happens
/// Bounds: one own snapshot is saved at a time, one of another member is stored, and one is restored; one
///         piece of each is in memory
class snapshot_work {
 public:
  struct callbacks {
    std::function<void(event)> step;         ///< into the replica
    std::function<void()> before_restore;    ///< the state machine is about to be torn
    std::function<void(caf::error)> failed;  ///< the log is gone, or a snapshot is none: the replica must end
  };

  snapshot_work(caf::event_based_actor& self, const replica_actor_options& options, callbacks then)
      : self_{self}, options_{options}, then_{std::move(then)} {}

  void perform(save_snapshot& what, state_machine& machine);
  /// A save_more came.
  void go_on_saving(slot at);
  void perform(restore_snapshot& what, state_machine& machine);
  void perform(store_snapshot_piece& what);
  void perform(discard_snapshot& what);
  void perform(install_snapshot& what, state_machine& machine);
  void perform(fetch_snapshot& what);

  /// The state machine is torn: nothing may be asked of it.
  [[nodiscard]] bool is_restoring() const { return restoring_.has_value(); }

  /// The replica ends.
  void give_up();

 private:
  struct saving {
    slot at{};
    snapshot_source source;
    std::uint64_t size = 0;  ///< given so far
    instant asked{};         ///< the log, to write the last piece
  };

  void save_piece();
  void write_piece(bytes piece);
  void finish_saving();
  void give_up_saving();
  void become(slot at, state_machine& machine);
  void restore_from(slot at, std::uint64_t offset);
  void restore_piece(slot at, std::uint64_t offset, const snapshot_part& part);
  void refuse(slot at);
  /// Asks the log; `then` takes the answer.
  template <class Answer, class Question, class Then>
  void ask_log(Question what, Then then);

  caf::event_based_actor& self_;
  const replica_actor_options& options_;
  const callbacks then_;
  std::optional<saving> saving_;
  std::optional<snapshot_sink> restoring_;
};

}  // namespace bulwark::consensus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::save_more)
