// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_response_promise.hpp>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "bulwark/consensus/core/state_machine.hpp"
#include "bulwark/consensus/replica_actor.hpp"

namespace bulwark::consensus {

/// To the replica itself: goes on with the states that are asked for.
struct gather_more {};

/// Who waits for the state right behind a slot. The state is gathered piece by piece, so that commands are
/// served meanwhile. Owned by one replica_actor.
class state_askers {
 public:
  using promise = caf::typed_response_promise<replica_state>;

  /// False, and the promise is left alone, if too many wait.
  bool add(slot at, const promise& asker) {
    if (waiting_.size() + gathering_.size() >= waiting_max) return false;
    waiting_.emplace(at, asker);
    return true;
  }

  /// The machine is right behind this slot now. Those whose slot is gone by get no state. True if go_on() is
  /// due.
  bool show(slot at, state_machine& machine) {
    const bool idle = gathering_.empty();
    for (; !waiting_.empty() && waiting_.begin()->first <= at; waiting_.erase(waiting_.begin())) {
      auto& [wanted, asker] = *waiting_.begin();
      auto state = wanted == at ? machine.begin_save() : nullptr;
      if (state)
        gathering_.push_back({at, std::move(state), std::make_shared<bytes>(), asker});
      else
        asker.deliver(replica_state{at, nullptr});
    }
    return idle && !gathering_.empty();
  }

  /// Takes the next piece of the state that was asked for first. True if it is due again.
  bool go_on(std::size_t piece_bytes) {
    if (gathering_.empty()) return false;
    auto& one = gathering_.front();
    if (one.rest->next(piece_bytes, *one.state)) return true;
    one.asker.deliver(replica_state{one.at, std::move(one.state)});
    gathering_.pop_front();
    return !gathering_.empty();
  }

  /// The machine becomes another: what is not gathered by now never will be.
  void forget_gathered() {
    for (auto& one : std::exchange(gathering_, {})) one.asker.deliver(replica_state{one.at, nullptr});
  }

  void give_up() {
    forget_gathered();
    for (auto& [at, asker] : std::exchange(waiting_, {})) asker.deliver(replica_state{});
  }

 private:
  struct gathering {
    slot at{};
    std::unique_ptr<state_cursor> rest;
    std::shared_ptr<bytes> state;
    promise asker;
  };

  static constexpr std::size_t waiting_max = 16;

  std::multimap<slot, promise> waiting_;
  std::deque<gathering> gathering_;
};

}  // namespace bulwark::consensus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::gather_more)
