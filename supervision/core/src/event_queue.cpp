// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/core/event_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace bulwark {

void event_queue::push(const supervision_event& event) {
  if (events_.size() >= capacity_) {
    events_.pop_front();
    ++lost_;
  }
  events_.push_back(event);
}

event_batch event_queue::take(std::size_t count_max) {
  event_batch batch;
  batch.lost = std::exchange(lost_, 0);
  const auto end = events_.begin() + static_cast<std::ptrdiff_t>(std::min(count_max, events_.size()));
  batch.events.assign(std::make_move_iterator(events_.begin()), std::make_move_iterator(end));
  events_.erase(events_.begin(), end);
  return batch;
}

}  // namespace bulwark
