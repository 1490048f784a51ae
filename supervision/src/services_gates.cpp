// SPDX-License-Identifier: BSD-3-Clause
#include "services_gates.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <iterator>

#include "bulwark/actors/remote_gate.hpp"

namespace bulwark {

void leaving_gates::keep(const caf::actor& gate, const node_life& owner) {
  {
    const std::lock_guard guard{mutex_};
    if (!closed_ && gates_.size() < gates_max_) {
      gates_.push_back({gate, owner});
      return;
    }
  }
  shut(gate);
}

template <class Condition>
void leaving_gates::shut_if(Condition condition) {
  std::vector<leaving> gone;  // shut after the lock, as who waits there is answered
  {
    const std::lock_guard guard{mutex_};
    const auto first =
        std::partition(gates_.begin(), gates_.end(), [&](const leaving& one) { return !condition(one); });
    gone.assign(std::make_move_iterator(first), std::make_move_iterator(gates_.end()));
    gates_.erase(first, gates_.end());
  }
  for (const auto& one : gone) shut(one.gate);
}

void leaving_gates::look(const membership_group* group, instant now) {
  shut_if([&](const leaving& one) {
    expire_requests(one.gate, now);
    const bool is_over = group && group->nodes().check(one.owner) != membership_error::none;
    return is_over || requests_in_flight(one.gate) == 0;
  });
}

void leaving_gates::lose(std::uint32_t node) {
  shut_if([node](const leaving& one) { return one.owner.node == node; });
}

void leaving_gates::close() {
  {
    const std::lock_guard guard{mutex_};
    closed_ = true;
  }
  shut_if([](const leaving&) { return true; });
}

}  // namespace bulwark
