// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <caf/detail/thread_safe_actor_clock.hpp>
#include <mutex>
#include <unordered_set>

namespace bulwark {

/// In front of CAF's clock: keeps from it what it need not hear. Each actor that ends tells the clock to
/// forget its timeouts, which wakes the thread of the clock even for an actor that never set one; that was a
/// third of the cost of ending an actor. Thread-safe.
class quiet_clock final : public caf::detail::thread_safe_actor_clock {
 public:
  explicit quiet_clock(caf::detail::thread_safe_actor_clock& clock) : clock_{clock} {}

  void set_ordinary_timeout(time_point when, caf::abstract_actor* self, caf::atom_value type,
                            uint64_t id) override;
  void set_request_timeout(time_point when, caf::abstract_actor* self, caf::message_id id) override;
  void set_multi_timeout(time_point when, caf::abstract_actor* self, caf::atom_value type,
                         uint64_t id) override;
  void cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) override;
  void cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) override;
  void cancel_timeouts(caf::abstract_actor* self) override;
  void schedule_message(time_point when, caf::strong_actor_ptr receiver,
                        caf::mailbox_element_ptr content) override;
  void schedule_message(time_point when, caf::group target, caf::strong_actor_ptr sender,
                        caf::message content) override;
  void cancel_all() override;

 private:
  /// Actors that have set a timeout, by their address; several sets, so that threads do not meet.
  struct alignas(64) shelf {
    std::mutex mutex;
    std::unordered_set<const caf::abstract_actor*> actors;
  };

  shelf& shelf_of(const caf::abstract_actor* actor);
  void remember(const caf::abstract_actor* actor);

  caf::detail::thread_safe_actor_clock& clock_;
  std::array<shelf, 16> shelves_;
};

}  // namespace bulwark
