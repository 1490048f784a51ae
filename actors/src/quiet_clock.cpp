// SPDX-License-Identifier: BSD-3-Clause
#include "quiet_clock.hpp"

#include <caf/all.hpp>
#include <cstdint>
#include <utility>

namespace bulwark {

quiet_clock::shelf& quiet_clock::shelf_of(const caf::abstract_actor* actor) {
  return shelves_[(reinterpret_cast<std::uintptr_t>(actor) >> 7U) % shelves_.size()];
}

void quiet_clock::remember(const caf::abstract_actor* actor) {
  auto& one = shelf_of(actor);
  const std::lock_guard guard{one.mutex};
  one.actors.insert(actor);
}

void quiet_clock::set_ordinary_timeout(time_point when, caf::abstract_actor* self, caf::atom_value type,
                                       uint64_t id) {
  remember(self);
  clock_.set_ordinary_timeout(when, self, type, id);
}

void quiet_clock::set_request_timeout(time_point when, caf::abstract_actor* self, caf::message_id id) {
  remember(self);
  clock_.set_request_timeout(when, self, id);
}

void quiet_clock::set_multi_timeout(time_point when, caf::abstract_actor* self, caf::atom_value type,
                                    uint64_t id) {
  remember(self);
  clock_.set_multi_timeout(when, self, type, id);
}

void quiet_clock::cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) {
  clock_.cancel_ordinary_timeout(self, type);
}

void quiet_clock::cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) {
  clock_.cancel_request_timeout(self, id);
}

void quiet_clock::cancel_timeouts(caf::abstract_actor* self) {
  {
    auto& one = shelf_of(self);
    const std::lock_guard guard{one.mutex};
    if (one.actors.erase(self) == 0) return;
  }
  clock_.cancel_timeouts(self);
}

void quiet_clock::schedule_message(time_point when, caf::strong_actor_ptr receiver,
                                   caf::mailbox_element_ptr content) {
  clock_.schedule_message(when, std::move(receiver), std::move(content));
}

void quiet_clock::schedule_message(time_point when, caf::group target, caf::strong_actor_ptr sender,
                                   caf::message content) {
  clock_.schedule_message(when, std::move(target), std::move(sender), std::move(content));
}

void quiet_clock::cancel_all() { clock_.cancel_all(); }

}  // namespace bulwark
