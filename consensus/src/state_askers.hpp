// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/typed_response_promise.hpp>
#include <map>
#include <memory>
#include <utility>

#include "bulwark/consensus/core/state_machine.hpp"
#include "bulwark/consensus/replica_actor.hpp"

namespace bulwark::consensus {

/// Who waits for the state right behind a slot. Owned by one replica_actor.
class state_askers {
 public:
  using promise = caf::typed_response_promise<replica_state>;

  /// False, and the promise is left alone, if too many wait.
  bool add(slot at, const promise& asker) {
    if (waiting_.size() == waiting_max) return false;
    waiting_.emplace(at, asker);
    return true;
  }

  /// The machine is right behind this slot now. Those whose slot is gone by get no state.
  void show(slot at, const state_machine& machine) {
    std::shared_ptr<const bytes> state;
    for (; !waiting_.empty() && waiting_.begin()->first <= at; waiting_.erase(waiting_.begin())) {
      auto& [wanted, asker] = *waiting_.begin();
      if (wanted == at && !state)
        if (auto saved = machine.save()) state = std::make_shared<const bytes>(*std::move(saved));
      asker.deliver(replica_state{at, wanted == at ? state : nullptr});
    }
  }

  void give_up() {
    for (auto& [at, asker] : std::exchange(waiting_, {})) asker.deliver(replica_state{});
  }

 private:
  static constexpr std::size_t waiting_max = 16;

  std::multimap<slot, promise> waiting_;
};

}  // namespace bulwark::consensus
