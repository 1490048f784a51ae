// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/core/routing_policy.hpp"

namespace bulwark {

/// One unit of load on a worker, for as long as it lives: a client connection, a job. Movable; thread-safe to
/// end anywhere.
class load_lease {
 public:
  load_lease() = default;

  /// Adds one to the account; a null account counts nothing.
  explicit load_lease(std::shared_ptr<std::atomic<std::int64_t>> account) : account_{std::move(account)} {
    if (account_) account_->fetch_add(1, std::memory_order_relaxed);
  }
  load_lease(load_lease&& other) noexcept = default;
  load_lease& operator=(load_lease&& other) noexcept {
    std::swap(account_, other.account_);
    return *this;
  }
  ~load_lease() { release(); }

  /// Ends the lease early.
  void release() noexcept {
    if (const auto account = std::move(account_)) account->fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  std::shared_ptr<std::atomic<std::int64_t>> account_;
};

/// A worker that was chosen, and the load that it carries from now on.
struct routed {
  caf::actor worker;
  load_lease lease;
};

/// What a router knows about a worker.
struct worker_load {
  caf::actor worker;
  std::int64_t leases = 0;  ///< long-lived things assigned to it
  std::int64_t mailbox =
      0;  ///< messages it has not finished, if it can tell (service_actor, stable reference)

  [[nodiscard]] std::int64_t total() const noexcept { return leases + mailbox; }
};

/// A handle that stands for many workers: passes each message to one of them, chosen by load, in the sender's
/// thread and without a mailbox of its own. Answers go straight to the sender.
///
/// The load of a worker is the number of leases on it plus the messages in its mailbox, read when the choice
/// is made: nothing is asked and nothing is reported. Workers may be plain actors, which leave the router
/// when they end, or stable references, which stay while their child restarts. Without workers, requests get
/// `service_error::no_worker` and other messages are dropped. An exit_msg ends the router, not the workers.
/// All functions are thread-safe; a handle that is no router is a broken invariant.
[[nodiscard]] caf::actor make_router(caf::actor_system& system, std::string name, routing_policy policy = {});

/// No effect if the worker is there already.
void add_worker(const caf::actor& router, const caf::actor& worker);

/// What it has already got it keeps.
void remove_worker(const caf::actor& router, const caf::actor& worker);

[[nodiscard]] std::vector<worker_load> worker_loads(const caf::actor& router);

/// Chooses a worker for something long-lived; nothing if there is none.
[[nodiscard]] std::optional<routed> pick(const caf::actor& router);

}  // namespace bulwark
