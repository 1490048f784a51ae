// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <caf/event_based_actor.hpp>
#include <caf/mailbox_element.hpp>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <vector>

#include "bulwark/actors/core/exit_status.hpp"

namespace bulwark {

class turnstile;
class worker_slot;

/// Something whose load can be read from any thread.
class mailbox_gauge {
 public:
  /// Messages that wait or are being handled.
  [[nodiscard]] virtual std::int64_t depth() const noexcept = 0;
  /// Messages that were handled so far; may begin anew when the actor is restarted.
  [[nodiscard]] virtual std::uint64_t handled() const noexcept = 0;

 protected:
  ~mailbox_gauge() = default;
};

/// The gauge of a local actor; nullptr if it has none. Valid as long as the handle's actor is.
[[nodiscard]] const mailbox_gauge* gauge_of(const caf::actor& whom) noexcept;

/// The base of every actor in bulwark: counts its mailbox and survives what CAF 0.17 lets kill an actor by
/// accident.
///
/// Differs from caf::event_based_actor in seven ways:
/// (1) depth() is exact and may be read from any thread;
/// (2) a message it does not know is dropped if asynchronous and answered `unexpected_message` if it is a
/// request; (3) an asynchronous error reply is dropped, where CAF would end the actor; (4) an exception that
/// leaves a handler ends it with `sec::runtime_error`, the type and the text of the exception; (5) progress()
/// tells from any thread whether it is within a message; (6) it can be told to go on after some exceptions;
/// (7) it can leave the messages that it did not handle to somebody. Works as the base of stateful actors:
/// `caf::stateful_actor<state, bulwark::service_actor>`.
class service_actor : public caf::event_based_actor, public mailbox_gauge {
 public:
  explicit service_actor(caf::actor_config& config);

  using caf::event_based_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override;
  caf::invoke_message_result consume(caf::mailbox_element& element) override;

  [[nodiscard]] std::int64_t depth() const noexcept final;
  [[nodiscard]] std::uint64_t handled() const noexcept final { return progress() / 2; }

  /// Grows by one when a message is taken and when it is done with: odd within a message. Any thread.
  [[nodiscard]] std::uint64_t progress() const noexcept { return progress_.load(std::memory_order_relaxed); }

  /// Decides about an exception that left a handler. True: the actor goes on with its state as it is, the
  /// message is dropped, and if it was a request it is answered with the error.
  using failure_filter = std::function<bool(const exit_status& failure)>;

  /// From any thread; for messages that are taken from now on. The filter runs in the thread of the actor.
  void pass_over_failures(failure_filter filter);

  /// What an actor had when it ended.
  struct last_mail {
    caf::mailbox_element_ptr failed_on;               ///< what its handler threw on; may be null
    std::vector<caf::mailbox_element_ptr> waiting{};  ///< requests and messages, the oldest first
  };

  /// Takes what an actor leaves; called once, in its thread, when it ends. `reason` may be an empty error.
  using mail_heir = std::function<void(service_actor& ending, const caf::error& reason)>;

  /// From now on `heir` gets the mail. `with_poison`: also the message that a handler threw on; a request of
  /// that kind is then the heir's to answer. From any thread. False if the actor is ending already: then the
  /// heir may be called or not.
  bool leave_mail_to(mail_heir heir, bool with_poison);

  /// Takes no more messages and gives up those that wait. For the heir, when it is called.
  [[nodiscard]] last_mail close_mailbox();

  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;

 protected:
  /// For classes that build on this one and have messages of their own. True: it was theirs, and is done
  /// with.
  virtual bool takes(caf::mailbox_element&) { return false; }

  /// Whether somebody sent it, as opposed to what CAF tells an actor.
  [[nodiscard]] static bool is_mail(const caf::mailbox_element& element);

 private:
  friend class turnstile;
  friend class worker_slot;

  struct will {
    mail_heir heir;
    bool with_poison = false;
  };

  /// From now on this actor tells the slot, of a router, what it does with the messages it gets by
  /// enqueue_tallied. Any thread. False if it does so for another one: for one it is, once and for all.
  [[nodiscard]] bool keep_tally(std::shared_ptr<worker_slot> slot);

  /// Takes an asynchronous message that counts for the slot. False if a class that overrides enqueue did
  /// something else with it: then this actor tells nothing of it.
  [[nodiscard]] bool enqueue_tallied(caf::mailbox_element_ptr element, caf::execution_unit* host);

  /// `counts`: in depth_. `well`: whether its handler went through it without failing.
  caf::invoke_message_result handle(caf::mailbox_element& element, bool counts, bool& well);
  [[nodiscard]] bool admit_tallied(caf::mailbox_element& element);

  void keep_poison(caf::mailbox_element& element);
  bool passes_over(caf::mailbox_element& element, const std::exception_ptr& thrown);

  std::atomic<std::int64_t> depth_{0};                 ///< without the slot's messages, which that counts
  std::atomic<std::uint64_t> progress_{0};             ///< written by the actor's own thread only
  std::atomic<bool> keeps_tally_{false};               ///< set once
  std::shared_ptr<worker_slot> tally_for_;             ///< set once; outlives the messages in the mailbox
  std::atomic<const worker_slot*> tallying_{nullptr};  ///< the same, for others; last to be set
  std::atomic<std::shared_ptr<const failure_filter>> filter_{};
  std::atomic<std::shared_ptr<const will>> will_{};
  std::atomic<bool> ending_{false};
  caf::mailbox_element_ptr failed_on_;  ///< used by the actor's own thread only
};

}  // namespace bulwark
