// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <atomic>
#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace bulwark::kv {

/// Chooses a session worker for each client connection: the one with the fewest. Thread-safe.
class session_pool {
 public:
  using load = std::shared_ptr<std::atomic<std::size_t>>;

  /// Counts one connection as load of its session for as long as it lives.
  class lease {
   public:
    explicit lease(load counted) : counted_{std::move(counted)} { ++*counted_; }
    lease(lease&&) noexcept = default;
    lease& operator=(lease&&) = delete;
    ~lease() {
      if (counted_) --*counted_;
    }

   private:
    load counted_;
  };

  struct assignment {
    caf::actor session;
    lease held;
  };

  void add(const caf::actor& session) {
    const std::lock_guard lock{mutex_};
    workers_.push_back({session, std::make_shared<std::atomic<std::size_t>>(0)});
  }

  void remove(const caf::actor_addr& session) {
    const std::lock_guard lock{mutex_};
    std::erase_if(workers_, [&](const worker& it) { return it.session.address() == session; });
  }

  /// nullopt while no session is there.
  std::optional<assignment> pick() {
    const std::lock_guard lock{mutex_};
    const auto least =
        std::min_element(workers_.begin(), workers_.end(),
                         [](const worker& a, const worker& b) { return *a.connections < *b.connections; });
    if (least == workers_.end()) return std::nullopt;
    return assignment{least->session, lease{least->connections}};
  }

 private:
  struct worker {
    caf::actor session;
    load connections;
  };

  std::mutex mutex_;
  std::vector<worker> workers_;
};

}  // namespace bulwark::kv
