// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <caf/event_based_actor.hpp>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>

#include "bulwark/actors/core/exit_status.hpp"

namespace bulwark {

/// Something whose load can be read from any thread.
class mailbox_gauge {
 public:
  /// Messages that wait or are being handled.
  [[nodiscard]] virtual std::int64_t depth() const noexcept = 0;

 protected:
  ~mailbox_gauge() = default;
};

/// The gauge of a local actor; nullptr if it has none. Valid as long as the handle's actor is.
[[nodiscard]] const mailbox_gauge* gauge_of(const caf::actor& whom) noexcept;

/// The base of every actor in bulwark: counts its mailbox and survives what CAF 0.17 lets kill an actor by
/// accident.
///
/// Differs from caf::event_based_actor in six ways:
/// (1) depth() is exact and may be read from any thread;
/// (2) a message it does not know is dropped if asynchronous and answered `unexpected_message` if it is a
/// request; (3) an asynchronous error reply is dropped, where CAF would end the actor; (4) an exception that
/// leaves a handler ends it with `sec::runtime_error`, the type and the text of the exception; (5) progress()
/// tells from any thread whether it is within a message; (6) it can be told to go on after some exceptions.
/// Works as the base of stateful actors: `caf::stateful_actor<state, bulwark::service_actor>`.
class service_actor : public caf::event_based_actor, public mailbox_gauge {
 public:
  explicit service_actor(caf::actor_config& config);

  using caf::event_based_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override;
  caf::invoke_message_result consume(caf::mailbox_element& element) override;

  [[nodiscard]] std::int64_t depth() const noexcept final { return depth_.load(std::memory_order_relaxed); }

  /// Grows by one when a message is taken and when it is done with: odd within a message. Any thread.
  [[nodiscard]] std::uint64_t progress() const noexcept { return progress_.load(std::memory_order_relaxed); }

  /// Decides about an exception that left a handler. True: the actor goes on with its state as it is, the
  /// message is dropped, and if it was a request it is answered with the error.
  using failure_filter = std::function<bool(const exit_status& failure)>;

  /// From any thread; for messages that are taken from now on. The filter runs in the thread of the actor.
  void pass_over_failures(failure_filter filter);

 private:
  bool passes_over(caf::mailbox_element& element, const std::exception_ptr& thrown);

  std::atomic<std::int64_t> depth_{0};
  std::atomic<std::uint64_t> progress_{0};  ///< written by the actor's own thread only
  std::atomic<std::shared_ptr<const failure_filter>> filter_{};
};

}  // namespace bulwark
