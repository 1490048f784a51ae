// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <string>

namespace bulwark {

/// Names one message of one router, however often it is delivered.
struct delivery_id {
  std::string router;        ///< node and actor; unique among all routers
  std::uint64_t number = 0;  ///< within the router; 0: the message did not come by a router that acknowledges

  friend auto operator<=>(const delivery_id&, const delivery_id&) = default;
};

/// Which deliveries were handled, so that one that comes again is not handled twice. Remembers the last
/// `remembered_max`. Useful as far as it outlives the worker that handled the message: keep it where the
/// effects of the message are kept. Not thread-safe.
class delivery_log {
 public:
  explicit delivery_log(std::size_t remembered_max = 10'000) : remembered_max_{remembered_max} {}

  /// True the first time, false for one that it remembers.
  [[nodiscard]] bool first_time(const delivery_id& id) {
    if (!known_.insert(id).second) return false;
    order_.push_back(id);
    if (order_.size() > remembered_max_) {
      known_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }

  [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }

 private:
  std::size_t remembered_max_;
  std::set<delivery_id> known_;
  std::deque<delivery_id> order_;
};

}  // namespace bulwark
