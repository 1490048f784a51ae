// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>
#include <caf/fwd.hpp>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bulwark/supervision/events.hpp"

namespace bulwark {

/// The events that wait for one subscriber; the supervisors fill it, its courier empties it. Thread-safe.
class event_outlet {
 public:
  explicit event_outlet(std::size_t capacity) : queue_{capacity} {}

  /// True if the courier has to be woken.
  [[nodiscard]] bool push(const supervision_event& event);

  /// Nothing: the courier may sleep until it is woken.
  [[nodiscard]] event_batch take(std::size_t count_max);

  /// No more comes: the courier ends once it has been woken.
  void close();
  [[nodiscard]] bool is_closed() const;

 private:
  mutable std::mutex mutex_;
  event_queue queue_;
  bool awake_ = false;
  bool closed_ = false;
};

/// Passes the events of one tree on to those who subscribe; all supervisors of the tree share it.
/// Thread-safe.
class event_feed : public std::enable_shared_from_this<event_feed> {
 public:
  /// Costs one look at a counter while nobody listens.
  [[nodiscard]] bool is_wanted() const noexcept { return count_.load(std::memory_order_relaxed) > 0; }
  void publish(const supervision_event& event);

  /// Empty, or what is wrong.
  [[nodiscard]] std::string subscribe(caf::actor_system& system, const subscribe_events& order);
  bool unsubscribe(const caf::actor& subscriber);

  /// For a courier that ends.
  void forget(const std::shared_ptr<event_outlet>& outlet);

  /// The tree has ended.
  void close();

 private:
  /// The courier ends on its own when its subscriber does, so this is no circle for ever.
  struct subscription {
    caf::actor_addr subscriber;
    caf::actor courier;
    std::shared_ptr<event_outlet> outlet;
  };

  std::mutex mutex_;
  std::vector<subscription> subscriptions_;
  bool closed_ = false;
  std::atomic<std::size_t> count_{0};
};

}  // namespace bulwark
