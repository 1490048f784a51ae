// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>

#include "bulwark/consensus/core/snapshot.hpp"
#include "bulwark/consensus/core/state_machine.hpp"
#include "bulwark/consensus/replica_actor.hpp"

namespace bulwark::consensus {

/// To the replica itself: goes on with the states that are asked for.
struct gather_more {};

/// Who waits for the state right behind a slot. The state is gathered piece by piece, so that commands are
/// served meanwhile, and each piece is written by an actor of its own before the next is taken.
///
/// Owner:  one replica_actor, in whose turns all of it happens
/// Bounds: waiting_max askers; of the state one piece is in memory
class state_askers {
 public:
  using promise = caf::typed_response_promise<replica_state>;

  state_askers(caf::event_based_actor& self, std::size_t piece_bytes)
      : self_{self}, piece_bytes_{piece_bytes} {}

  /// The promise gets an error at once if too many wait.
  void add(const get_state& what, slot now_at, promise asker);

  /// The machine is right behind this slot now. Those whose slot is gone by get no state.
  void show(slot at, state_machine& machine);

  /// A gather_more came.
  void go_on();

  /// The machine becomes another: what is not gathered by now never will be.
  void forget_gathered();

  /// The replica ends.
  void give_up();

 private:
  struct waiting {
    get_state what;
    promise asker;
  };

  struct gathering {
    slot at{};
    std::unique_ptr<state_cursor> rest;
    promise asker;
    caf::actor writer{};  ///< none if only the hash is wanted
    snapshot_hasher hash{};
    std::uint64_t number = 0;  ///< tells the answers of one writer from those of another
    bool is_writing = false;   ///< the writer owes an answer
  };

  void begin(const waiting& one, slot at, std::unique_ptr<state_cursor> rest);
  void write(bytes piece, std::uint64_t offset, bool more);
  void continue_or_end(bool more);
  void seal();
  void end(const replica_state& found);
  void end(caf::error why);
  void close_first();
  [[nodiscard]] bool is_first(std::uint64_t number) const {
    return !gathering_.empty() && gathering_.front().number == number;
  }

  static constexpr std::size_t waiting_max = 16;

  caf::event_based_actor& self_;
  const std::size_t piece_bytes_;
  std::multimap<slot, waiting> waiting_;
  std::deque<gathering> gathering_;
  std::uint64_t last_number_ = 0;
};

}  // namespace bulwark::consensus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::gather_more)
