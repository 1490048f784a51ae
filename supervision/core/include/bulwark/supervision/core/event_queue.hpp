// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "bulwark/actors/core/event.hpp"

namespace bulwark {

/// Events in a row, for one who takes them later.
struct event_batch {
  std::uint64_t lost = 0;  ///< events between the batch before and this one, gone since there were too many
  std::vector<supervision_event> events;  ///< the oldest first

  [[nodiscard]] bool empty() const noexcept { return lost == 0 && events.empty(); }
};

/// Events on their way to a subscriber: when more wait than there is room for, the oldest are lost, and
/// counted. Not thread-safe.
class event_queue {
 public:
  /// `capacity` is at least 1.
  explicit event_queue(std::size_t capacity) : capacity_{capacity} {}

  void push(const supervision_event& event);

  /// Takes the oldest, at most `count_max` of them.
  [[nodiscard]] event_batch take(std::size_t count_max);

  [[nodiscard]] std::size_t size() const noexcept { return events_.size(); }

 private:
  std::size_t capacity_;
  std::uint64_t lost_ = 0;
  std::deque<supervision_event> events_;
};

}  // namespace bulwark
