// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <caf/actor.hpp>
#include <caf/mailbox_element.hpp>
#include <cstdint>
#include <memory>
#include <utility>

#include "bulwark/actors/core/peak_ewma.hpp"
#include "bulwark/actors/core/routing_table.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "turnstile.hpp"

namespace bulwark {

class router_hub;

/// What a router wants to hear of when a message is finished; read by any thread.
struct router_signals {
  std::atomic<bool> waiting{false};     ///< messages wait for room
  bool judges = false;                  ///< failing workers are ejected
  bool bounded = false;                 ///< a message may wait until another one is finished
  std::atomic<bool> takes_time{false};  ///< choices depend on the time
};

/// One worker of a router: where its messages are counted as they finish. Outlives the worker's membership
/// by the messages that still are on their way.
///
/// Asynchronous messages to a service_actor are counted by that itself, if it does so for no other router:
/// they go in as they are, by the turnstile, tallied. What came of those that it did not handle is told here
/// as it happens, or, of those in its mailbox, when it has ended. All others are finished one by one.
class worker_slot final : public load_meter, public std::enable_shared_from_this<worker_slot> {
 public:
  worker_slot(caf::actor handle, std::weak_ptr<router_hub> hub, std::shared_ptr<router_signals> signals,
              std::shared_ptr<turnstile_pool> from, service_actor* tells);
  ~worker_slot() override;

  // load_meter: under the router's lock
  [[nodiscard]] std::uint64_t done() const noexcept override {
    return turnstile_.done.load(std::memory_order_acquire) + turnstile_.tally.load(std::memory_order_acquire);
  }
  [[nodiscard]] std::uint64_t failed() const noexcept override {
    return turnstile_.failed.load(std::memory_order_acquire);
  }
  [[nodiscard]] std::uint64_t beside() const noexcept override { return turnstile_.entered() - tallied_; }
  [[nodiscard]] reading read() const noexcept override {
    const auto finished = turnstile_.finished();
    return {finished, beside(), leases()};
  }
  [[nodiscard]] std::int64_t leases() const noexcept override {
    return turnstile_.leases.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::int64_t mailbox() const noexcept override {
    return worker && gauge_ ? gauge_->depth() : 0;
  }
  [[nodiscard]] double latency(instant now) const noexcept override;

  /// One message is finished; from any thread, under no lock. May hand the worker its next one.
  void finish(bool well);
  /// The three parts of it: the first may happen under the router's lock, the last may end this object.
  void count(bool well) noexcept { (well ? turnstile_.done : turnstile_.failed).fetch_add(1); }
  void follow_up(bool well);
  void release() noexcept;
  /// It joins a router, under the lock of that, which from now on sends it messages.
  void joined();
  /// It gets nothing any more, under the router's lock; to be let go without it.
  [[nodiscard]] turnstile::kept shut() noexcept;
  /// It leaves, under the router's lock, after so many messages; it lives until the last of them is finished.
  void left(std::uint64_t sent) noexcept;
  /// The worker has ended, and its mailbox is empty: what it did not handle is lost. Under the router's lock.
  void ended() noexcept;

  /// One more message was placed that does not go in by the turnstile. Under the router's lock.
  void ask() noexcept {
    turnstile_.asked.store(turnstile_.asked.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  /// Whether the worker counts asynchronous messages by itself. Under the router's lock.
  [[nodiscard]] bool tallies() const noexcept { return tallies_; }
  /// One more of them was placed, and is brought. Under the router's lock, by a member.
  void tally() noexcept;
  /// A class of workers did something of its own with one; under no lock.
  void kept_from();
  /// The worker handled one; for the worker.
  void finish_tallied();
  /// The worker did not handle one; for the worker.
  void fail_tallied();
  /// The first part of it.
  void give_up_tallied() noexcept;
  /// In the mailbox of the worker, or on their way there.
  [[nodiscard]] std::int64_t tallied_inside() const noexcept;
  /// One that somebody else will handle, if anybody; for the worker.
  [[nodiscard]] caf::mailbox_element_ptr tracked(caf::mailbox_element_ptr element);
  /// A message that was sent at this moment was finished now.
  void observe(duration taken, instant now) noexcept;

  /// It is a member, and will never handle anything any more. Under the router's lock.
  [[nodiscard]] bool has_ended() const;

  caf::actor worker;           ///< under the router's lock; empty once the worker has left
  worker_id id{};              ///< set once, when it joins
  const bool tells_when_done;  ///< it is a service_actor

  [[nodiscard]] turnstile& way_in() noexcept { return turnstile_; }

 private:
  service_actor* const teller_;  ///< the worker, if tells_when_done; valid while somebody holds it
  const bool wants_to_know_;     ///< of each message that is finished, by follow_up()
  const std::shared_ptr<turnstile_pool> pool_;
  turnstile& turnstile_;
  bool tallies_ = false;                        ///< until the worker ends; under the router's lock
  std::uint64_t tallied_ = 0;                   ///< placed by the router; under its lock
  std::atomic<std::uint64_t> tallied_away_{0};  ///< of what went in, finished without being handled
  const mailbox_gauge* gauge_;                  ///< of the worker, valid while `worker` is
  const std::weak_ptr<router_hub> hub_;
  const std::shared_ptr<router_signals> signals_;
  std::shared_ptr<worker_slot> self_;  ///< while it is a member or something is in flight

  /// - finished while it is a member, sent - finished from then on. So no message needs a reference count of
  /// its own, which would cost its sender a cache line more.
  std::atomic<std::int64_t> balance_{0};
  std::atomic<bool> suspected_{false};  ///< it failed, and no success came since
  mutable std::atomic_flag averaging_ = ATOMIC_FLAG_INIT;
  peak_ewma latency_;
};

}  // namespace bulwark
