// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "bulwark/actors/core/pending_table.hpp"
#include "bulwark/actors/core/routing_table.hpp"
#include "bulwark/actors/core/waiting_line.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/router.hpp"
#include "worker_news.hpp"
#include "worker_slot.hpp"

namespace bulwark {

/// Who waits for the answer to a request, and how it asked. Empty for an asynchronous message.
struct requester {
  caf::strong_actor_ptr actor;
  caf::message_id mid;
  caf::mailbox_element::forwarding_stack stages;

  /// Passes an answer on, in the name of the worker.
  void answer(caf::mailbox_element_ptr response, caf::execution_unit* host);
  void fail(const caf::error& problem);
};

/// A request that went to all workers, and what came back so far.
struct fan_out {
  requester whom;
  bool first_wins = false;
  std::size_t open = 0;  ///< answers to come
  bool answered = false;
  caf::error problem{};  ///< the first one; empty: none
};

/// What is in flight and finishes with an answer.
struct pending_answer {
  std::shared_ptr<worker_slot> slot;  ///< null while it waits for another worker
  requester whom;
  instant sent_at{};
  instant deadline{};
  std::uint64_t attempts = 1;
  std::uint64_t key = 0;
  caf::message kept{};  ///< at least once: to be sent again
  std::shared_ptr<fan_out> group{};
};

/// A message without a worker: a new one, or one whose worker ended (`number` is that of its pending answer).
struct waiting_message {
  caf::mailbox_element_ptr element;
  std::uint64_t number = 0;
  std::uint64_t key = 0;
  message_rank rank = 1;
};

/// The state of a router, shared by its handle, its control actor and the messages on their way. Decides
/// under one lock, acts without it. Where any of the workers may be given a message without further ado,
/// senders choose one from a row of turnstiles, without the lock.
class router_hub final : public std::enable_shared_from_this<router_hub> {
 public:
  router_hub(caf::actor_system& system, router_options options);

  /// The handle; once, before anything else.
  void attach(caf::actor_addr self) { self_ = std::move(self); }
  /// Made when it is needed; empty if the router has ended.
  [[nodiscard]] caf::actor control();
  [[nodiscard]] const router_options& options() const noexcept { return options_; }

  // -- messages ---------------------------------------------------------------------------------
  void submit(caf::mailbox_element_ptr element, caf::execution_unit* host);
  void answered(caf::mailbox_element_ptr response, caf::execution_unit* host);
  /// Gives to workers what waits, as long as one has room.
  void pump();
  void tick();
  void judge(worker_id id, bool well);
  /// A class of workers did something of its own with a tallied message: that has failed.
  void kept_from(worker_slot& slot);
  /// No more messages; `lost`: nobody is left to take answers either.
  void close(bool lost);

  // -- workers ----------------------------------------------------------------------------------
  void add(const caf::actor& worker, double weight);
  void remove(const caf::actor& worker);
  void drain(const caf::actor& worker, bool on);
  void report(const caf::actor& worker, std::int64_t load);
  void prefer(const caf::actor& worker, double factor);
  void choose_by(any_chooser chooser, std::optional<routing_kind> kind);
  [[nodiscard]] worker_watch watch(worker_sink told) { return news_.add(std::move(told)); }
  [[nodiscard]] std::optional<routed> lease();
  [[nodiscard]] std::vector<worker_load> loads() const;
  [[nodiscard]] router_counts counts() const;

 private:
  struct handoff {
    caf::actor to;  ///< empty if it is tallied
    caf::mailbox_element_ptr element;
    worker_slot* tallied = nullptr;  ///< the message is inside its turnstile
  };

  /// The lock, for whatever may change who gets messages.
  class decision {
   public:
    explicit decision(router_hub& hub) : hub_{hub}, lock_{hub.mutex_} {}
    ~decision() {
      if (lock_.owns_lock()) unlock();
    }
    decision(const decision&) = delete;
    decision& operator=(const decision&) = delete;

    void unlock() {
      hub_.arrange_row();
      lock_.unlock();
    }

   private:
    router_hub& hub_;
    std::unique_lock<std::mutex> lock_;
  };

  /// What is left to do after the lock.
  struct aftermath {
    struct refusal {
      waiting_message message;
      requester whom;
      caf::error problem;
    };
    std::vector<refusal> refusals;
    std::vector<pending_answer> from_groups;           ///< answers that will not come
    std::vector<std::shared_ptr<worker_slot>> failed;  ///< counted already
    std::vector<turnstile::kept> left;                 ///< their end may run code
  };

  using slot_list = std::vector<std::shared_ptr<worker_slot>>;

  [[nodiscard]] instant now() const { return system_.clock().now(); }
  void classify(waiting_message& one) const;
  [[nodiscard]] bool is_failure(const caf::error& problem) const;
  /// At least once: what a worker did not handle, or may not have, as it ended.
  static bool goes_to_another(const caf::error& problem) {
    return problem && (problem == caf::sec::request_receiver_down || problem == service_error::fenced);
  }
  void submit_to_all(waiting_message one, caf::execution_unit* host);
  void submit_in_vain(waiting_message one, routing_table::verdict why, instant when, decision& lock);
  /// By the row; false if the message has to ask for a place.
  [[nodiscard]] bool pass(caf::mailbox_element_ptr& element, caf::execution_unit* host);
  void settle_group(pending_answer& one, caf::mailbox_element_ptr response, const caf::error* problem,
                    caf::execution_unit* host);

  // under the lock
  [[nodiscard]] handoff prepare(waiting_message&& one, worker_slot& slot, instant when);
  /// Asynchronous, to a worker that tells when it is done. `sent_at`: 0 if nobody wants to know.
  [[nodiscard]] static handoff count_async(caf::mailbox_element_ptr&& element, worker_slot& slot,
                                           instant sent_at);
  [[nodiscard]] caf::message_id id_of(std::uint64_t number, std::uint64_t attempt,
                                      caf::message_id like) const;
  void wait_or_refuse(waiting_message one, routing_table::verdict why, instant when, aftermath& after);
  void turn_away(waiting_message one, caf::error problem, aftermath& after);
  void lose(std::uint64_t number, const caf::error& problem, instant when, aftermath& after);
  void leave(slot_list::iterator at, aftermath& after);
  [[nodiscard]] slot_list::iterator find(const caf::actor& worker);
  void note(worker_event_kind what, const worker_slot& slot);
  void note(worker_event_kind what, worker_id id);
  [[nodiscard]] caf::actor control_or_new();
  void arrange_row();
  void arm(instant at);
  void arm_for_next(instant when);

  static void deliver(handoff&& out, caf::execution_unit* host);
  void gone(worker_slot& slot);
  void settle(aftermath after);

  caf::actor_system& system_;
  const router_options options_;
  const bool keeps_;     ///< at least once
  bool passes_ = false;  ///< set once; its asynchronous messages wait for nothing but a worker
  const std::shared_ptr<router_signals> signals_ = std::make_shared<router_signals>();
  caf::actor_addr self_;
  worker_news news_;
  const std::shared_ptr<turnstile_pool> turnstiles_ = std::make_shared<turnstile_pool>();
  turnstile_row row_;

  mutable std::mutex mutex_;
  caf::actor_addr control_;  ///< weak: its timers and whoever orders about the router keep it
  routing_table table_;
  any_chooser chooser_;
  std::optional<routing_kind> kind_;  ///< nothing: a user's own policy
  waiting_line<waiting_message> line_;
  pending_table<pending_answer> pending_;
  slot_list slots_;                        ///< members
  std::optional<std::uint64_t> arranged_;  ///< the version of the table that the row shows
  std::vector<turnstile*> in_row_;         ///< empty if one of those in use does not tally
  bool closed_ = false;
  std::uint64_t ticket_ = 0;
  std::uint64_t submitted_ = 0, rejected_ = 0, redelivered_ = 0;
  std::uint64_t given_up_ = 0;  ///< waited for another worker, and none came
  std::optional<instant> armed_;
};

}  // namespace bulwark
