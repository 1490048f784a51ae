// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_response_promise.hpp>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "bulwark/consensus/core/snapshot.hpp"
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
  bool add(slot at, bool hash_only, const promise& asker) {
    if (waiting_.size() + gathering_.size() >= waiting_max) return false;
    waiting_.emplace(at, waiting{hash_only, asker});
    return true;
  }

  /// The machine is right behind this slot now. Those whose slot is gone by get no state. True if go_on() is
  /// due.
  bool show(slot at, state_machine& machine) {
    const bool idle = gathering_.empty();
    for (; !waiting_.empty() && waiting_.begin()->first <= at; waiting_.erase(waiting_.begin())) {
      auto& [wanted, one] = *waiting_.begin();
      auto rest = wanted == at ? machine.begin_save() : nullptr;
      if (rest)
        gathering_.push_back({at, std::move(rest), one.hash_only, {}, {}, one.asker});
      else
        one.asker.deliver(replica_state{at});
    }
    return idle && !gathering_.empty();
  }

  /// Takes the next piece of the state that was asked for first. True if it is due again.
  bool go_on(std::size_t piece_bytes) {
    if (gathering_.empty()) return false;
    auto& one = gathering_.front();
    const auto before = one.state.size();
    const bool more = one.rest->next(piece_bytes, one.state);
    one.hash.add(std::string_view{one.state}.substr(before));
    if (one.hash_only) one.state.clear();
    if (more) return true;
    auto state = one.hash_only ? nullptr : std::make_shared<const bytes>(std::move(one.state));
    one.asker.deliver(replica_state{one.at, one.hash.size(), one.hash.hash(), true, std::move(state)});
    gathering_.pop_front();
    return !gathering_.empty();
  }

  /// The machine becomes another: what is not gathered by now never will be.
  void forget_gathered() {
    for (auto& one : std::exchange(gathering_, {})) one.asker.deliver(replica_state{one.at});
  }

  void give_up() {
    forget_gathered();
    for (auto& [at, one] : std::exchange(waiting_, {})) one.asker.deliver(replica_state{});
  }

 private:
  struct waiting {
    bool hash_only = false;
    promise asker;
  };

  struct gathering {
    slot at{};
    std::unique_ptr<state_cursor> rest;
    bool hash_only = false;
    bytes state;  ///< so far; nothing if hash_only
    snapshot_hasher hash;
    promise asker;
  };

  static constexpr std::size_t waiting_max = 16;

  std::multimap<slot, waiting> waiting_;
  std::deque<gathering> gathering_;
};

}  // namespace bulwark::consensus

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::consensus::gather_more)
