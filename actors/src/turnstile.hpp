// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <caf/actor.hpp>
#include <caf/mailbox_element.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace bulwark {

class service_actor;
class worker_slot;

/// Where messages go in to one worker of a router, and are counted in and out.
///
/// Whoever is inside keeps the worker and its slot from ending, so that a sender needs neither the router's
/// lock nor a reference of its own. A turnstile lives as long as its router, whichever workers it belongs to
/// one after the other: who finds it by an old list finds it shut, or with a worker that will do as well.
class turnstile {
 public:
  /// To a worker that joins; `counter`: the worker, if it counts what comes by bring(). Under the router's
  /// lock.
  void open(worker_slot& slot, service_actor* counter) noexcept;
  /// One message more; until it is brought, the worker and its slot live. How many it is, 0 if this is shut.
  /// From any thread.
  [[nodiscard]] std::uint64_t enter() noexcept {
    auto now = state_.load(std::memory_order_relaxed);
    do {
      if (now & shut_bit) return 0;
    } while (!state_.compare_exchange_weak(now, now + one_message + one_inside, std::memory_order_acquire,
                                           std::memory_order_relaxed));
    return (now + one_message) / one_message;
  }
  /// To the worker, and out again: that may end the worker and its slot, if this was shut meanwhile. For whom
  /// is inside, under no lock.
  void bring(caf::mailbox_element_ptr element, caf::execution_unit* host);
  /// Nobody goes in any more. What is returned keeps the worker and its slot, unless somebody is inside, who
  /// then keeps them. Under the router's lock, once.
  struct kept {
    caf::actor worker;
    std::shared_ptr<worker_slot> slot;
  };
  [[nodiscard]] kept shut(kept what) noexcept;

  /// Messages that went in.
  [[nodiscard]] std::uint64_t entered() const noexcept {
    return state_.load(std::memory_order_acquire) / one_message;
  }
  [[nodiscard]] std::uint64_t finished() const noexcept {
    return tally.load(std::memory_order_acquire) + done.load(std::memory_order_acquire) +
           failed.load(std::memory_order_acquire);
  }
  /// What weighs on the worker, and the message that may come to that; finished() is read first, so that
  /// nothing is finished that was not sent.
  [[nodiscard]] double load() const noexcept {
    const auto out = finished();
    const auto in = entered() + asked.load(std::memory_order_relaxed);
    return static_cast<double>(static_cast<std::int64_t>(in - out) + 1 +
                               foreign.load(std::memory_order_relaxed) +
                               leases.load(std::memory_order_relaxed));
  }

 private:
  static constexpr std::uint64_t one_inside = 1;
  static constexpr std::uint64_t shut_bit = std::uint64_t{1} << 16;
  static constexpr std::uint64_t inside_mask = shut_bit - 1;  ///< threads, each maybe several times: far less
  static constexpr std::uint64_t one_message = shut_bit << 1;

  void leave() noexcept;

  /// Messages, whether it is shut, how many are inside: in one word, so that all of it changes at once.
  alignas(64) std::atomic<std::uint64_t> state_{shut_bit};
  worker_slot* slot_ = nullptr;
  service_actor* counter_ = nullptr;

 public:
  // What its router knows of the worker; written under the lock of that.
  std::atomic<std::uint64_t> asked{0};   ///< messages that did not go in here
  std::atomic<std::int64_t> foreign{0};  ///< in the mailbox, of others
  std::atomic<double> weight{1};
  std::atomic<std::int64_t> leases{0};  ///< any thread

  // Written where messages finish, read by senders: on a cache line of their own.
  alignas(64) std::atomic<std::uint64_t> tally{0};  ///< handled of those that went in; by the worker only
  std::atomic<std::uint64_t> done{0};               ///< handled of the others
  std::atomic<std::uint64_t> failed{0};             ///< of all

 private:
  kept last_{};  ///< shut, while somebody is inside
};

/// The turnstiles of a router, in use or not. Any thread.
class turnstile_pool {
 public:
  [[nodiscard]] turnstile& take();
  void put_back(turnstile& one) noexcept;

 private:
  std::mutex mutex_;
  std::deque<turnstile> all_;
  std::vector<turnstile*> free_;  ///< has room for all, so that to put one back cannot fail
};

/// Those that a message may go through, for senders that do not take the router's lock.
class turnstile_row {
 public:
  /// Under the router's lock.
  void show(const std::vector<turnstile*>& these);
  void open(bool on) noexcept { open_.store(on, std::memory_order_release); }
  [[nodiscard]] bool is_open() const noexcept { return open_.load(std::memory_order_acquire); }
  /// The cheaper one of two random ones; nullptr if there is none. From any thread. It may be one that was
  /// just taken from the row, and may be shut.
  [[nodiscard]] turnstile* choose() const noexcept;

 private:
  using place = std::atomic<turnstile*>;

  std::atomic<bool> open_{false};
  std::atomic<std::size_t> count_{0};
  std::atomic<const place*> places_{nullptr};
  std::size_t room_ = 0;
  /// The last one is in use; others may still be looked at. Each has twice the room of the one before.
  std::vector<std::unique_ptr<place[]>> arrays_;
};

}  // namespace bulwark
