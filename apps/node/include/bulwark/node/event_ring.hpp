// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "bulwark/actors/core/event.hpp"

namespace bulwark::node {

/// The last events of a node's tree, for those who ask now and then. They are numbered from 1 in the life of
/// a process. Thread-safe.
class event_ring {
 public:
  /// `capacity` is at least 1.
  explicit event_ring(std::size_t capacity) : capacity_{capacity} {}

  void push(const supervision_event& event);

  struct page {
    std::uint64_t last =
        0;  ///< number of the last event in it, or what was asked for; ask for what is behind
    std::uint64_t lost = 0;  ///< events behind the one asked for that are gone
    std::vector<supervision_event> events;
  };

  /// The oldest events behind number `after`, or the newest of all; at most `count_max`.
  [[nodiscard]] page read(std::optional<std::uint64_t> after, std::size_t count_max) const;

 private:
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::uint64_t pushed_ = 0;
  std::deque<supervision_event> events_;
};

}  // namespace bulwark::node
