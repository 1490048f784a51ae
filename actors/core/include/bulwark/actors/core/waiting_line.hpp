// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "bulwark/actors/core/routing_rules.hpp"
#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// How important a message is: 0 to 3, 3 the most.
using message_rank = std::uint8_t;

/// Messages for which no worker has room, each with a deadline; bounded. Higher ranks go first if the rule is
/// shed_by_priority, otherwise all are equal.
///
/// Owner:      its router, under a lock; not thread-safe
/// Invariants: size() <= waiting_max, but for what came back from a worker that ended (see put_first)
/// Time:       caller passes `now`
template <class T>
class waiting_line {
 public:
  explicit waiting_line(const routing_bounds& bounds) : bounds_{bounds} {}

  /// Takes its place at the end. What has no place comes back: this one, or another that gives way to it.
  [[nodiscard]] std::optional<T> offer(T value, message_rank rank, instant now) {
    if (bounds_.rule == when_full::reject) return value;
    std::optional<T> out;
    if (size_ >= bounds_.waiting_max) {
      if (bounds_.rule == when_full::block) return value;
      out = bounds_.rule == when_full::drop_oldest ? take_oldest() : take_lesser(rank);
      if (!out) return value;
    }
    level_of(rank).push_back({std::move(value), now + bounds_.waiting_limit});
    ++size_;
    return out;
  }

  /// For what was admitted before and lost its worker: goes to the front, and has a place in any case.
  void put_first(T value, message_rank rank, instant now) {
    level_of(rank).push_front({std::move(value), now + bounds_.waiting_limit});
    ++size_;
  }

  /// The one that take() would take; null if none waits.
  [[nodiscard]] const T* first() const {
    for (auto at = levels_.rbegin(); at != levels_.rend(); ++at)
      if (!at->empty()) return &at->front().value;
    return nullptr;
  }

  /// The next one, most important first; its deadline may have passed unnoticed since the last expire().
  [[nodiscard]] std::optional<T> take() {
    for (auto at = levels_.rbegin(); at != levels_.rend(); ++at)
      if (!at->empty()) return take_front(*at);
    return std::nullopt;
  }

  /// Those whose time is over.
  [[nodiscard]] std::vector<T> expire(instant now) {
    std::vector<T> out;
    for (auto& level : levels_) {
      const auto late = [now](const item& one) { return one.deadline <= now; };
      for (auto& one : level)
        if (late(one)) out.push_back(std::move(one.value));
      std::erase_if(level, late);
    }
    size_ -= out.size();
    return out;
  }

  [[nodiscard]] std::optional<instant> next_deadline() const {
    std::optional<instant> next;
    for (const auto& level : levels_)
      for (const auto& one : level)
        if (!next || one.deadline < *next) next = one.deadline;
    return next;
  }

  [[nodiscard]] std::vector<T> take_all() {
    std::vector<T> out;
    while (auto next = take()) out.push_back(std::move(*next));
    return out;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  struct item {
    T value;
    instant deadline;
  };
  using rank_line = std::deque<item>;

  rank_line& level_of(message_rank rank) {
    if (bounds_.rule != when_full::shed_by_priority) return levels_[0];
    return levels_[std::min<std::size_t>(rank, levels_.size() - 1)];
  }

  std::optional<T> take_front(rank_line& from) {
    auto value = std::move(from.front().value);
    from.pop_front();
    --size_;
    return value;
  }

  std::optional<T> take_oldest() { return levels_[0].empty() ? std::nullopt : take_front(levels_[0]); }

  std::optional<T> take_lesser(message_rank rank) {
    for (std::size_t below = 0; below < std::min<std::size_t>(rank, levels_.size()); ++below) {
      if (levels_[below].empty()) continue;
      auto value = std::move(levels_[below].back().value);
      levels_[below].pop_back();
      --size_;
      return value;
    }
    return std::nullopt;
  }

  const routing_bounds bounds_;
  std::array<rank_line, 4> levels_;
  std::size_t size_ = 0;
};

}  // namespace bulwark
