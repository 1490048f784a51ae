// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/node/event_ring.hpp"

#include <algorithm>

namespace bulwark::node {

void event_ring::push(const supervision_event& event) {
  const std::lock_guard guard{mutex_};
  if (events_.size() == capacity_) events_.pop_front();
  events_.push_back(event);
  ++pushed_;
}

event_ring::page event_ring::read(std::optional<std::uint64_t> after, std::size_t count_max) const {
  const std::lock_guard guard{mutex_};
  const auto gone = pushed_ - events_.size();
  const auto count = std::min<std::uint64_t>(count_max, events_.size());
  // Who asks for more than there was has the number from a former process: for it all is new.
  const auto asked = !after ? pushed_ - count : *after > pushed_ ? 0 : *after;
  const auto first = std::max(asked, gone);
  page result;
  result.lost = first - asked;
  result.last = std::min(pushed_, first + count_max);
  result.events.assign(events_.begin() + static_cast<std::ptrdiff_t>(first - gone),
                       events_.begin() + static_cast<std::ptrdiff_t>(result.last - gone));
  return result;
}

}  // namespace bulwark::node
