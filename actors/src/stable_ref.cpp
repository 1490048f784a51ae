// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/stable_ref.hpp"

#include <caf/all.hpp>
#include <deque>
#include <mutex>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/service_actor.hpp"

namespace bulwark {

namespace {

bool has_ended(const caf::actor& incarnation) {
  return caf::actor_cast<caf::abstract_actor*>(incarnation)
      ->getf(caf::abstract_actor::is_terminated_flag | caf::abstract_actor::is_cleaned_up_flag);
}

class stable_ref final : public caf::monitorable_actor, public mailbox_gauge {
 public:
  stable_ref(caf::actor_config& config, stable_ref_options options)
      : caf::monitorable_actor{config}, options_{std::move(options)} {}

  using caf::monitorable_actor::enqueue;

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    caf::actor target;
    caf::error refusal;
    {
      std::lock_guard guard{mutex_};
      // One that has ended takes nothing any more, though its supervisor may not know yet.
      const bool held_back =
          state_ == ref_state::holding || (state_ == ref_state::bound && has_ended(incarnation_));
      if (state_ == ref_state::bound && !held_back) {
        target = incarnation_;
      } else if (element->content().match_elements<caf::exit_msg>()) {
        return;  // meant for an incarnation that is gone
      } else if (!held_back) {
        ++refused_;
        refusal = caf::make_error(caf::sec::request_receiver_down);
      } else if (held_.size() < options_.hold_max) {
        held_.push_back(std::move(element));
        return;
      } else {
        ++refused_;
        refusal = caf::error{service_error::overloaded};
      }
    }
    if (target) {
      target->enqueue(std::move(element), host);
    } else {
      bulwark::refuse(*element, std::move(refusal));
    }
  }

  /// The held messages are delivered under the lock: whatever is sent meanwhile comes behind them.
  void bind_to(const caf::actor& incarnation) {
    caf::actor last;  // released after the lock: it may be the last handle, and its end may run code
    std::lock_guard guard{mutex_};
    if (state_ == ref_state::closed) return;
    state_ = ref_state::bound;
    last = std::exchange(incarnation_, incarnation);
    ++bindings_;
    for (; !held_.empty(); held_.pop_front()) incarnation_->enqueue(std::move(held_.front()), nullptr);
  }

  void hold() { leave(ref_state::holding); }

  void refuse() { bounce_all(leave(ref_state::vacant)); }

  void end(caf::error reason) {
    bounce_all(leave(ref_state::closed));
    cleanup(std::move(reason), nullptr);  // tells whoever monitors or is linked; does nothing the second time
  }

  [[nodiscard]] stable_ref_stats stats() const {
    std::lock_guard guard{mutex_};
    return {options_.name, state_, bindings_, held_.size(), refused_};
  }

  [[nodiscard]] std::int64_t depth() const noexcept override {
    std::lock_guard guard{mutex_};
    const auto* gauge = gauge_of(incarnation_);
    return static_cast<std::int64_t>(held_.size()) + (gauge ? gauge->depth() : 0);
  }

  const char* name() const override { return "bulwark.stable_ref"; }

  void on_destroy() override {
    end(caf::make_error(caf::exit_reason::unreachable));
    caf::monitorable_actor::on_destroy();
  }

 private:
  using held_messages = std::deque<caf::mailbox_element_ptr>;

  /// Goes without incarnation; gives back what was held unless it goes on being held.
  held_messages leave(ref_state next) {
    caf::actor last;  // as above
    held_messages taken;
    std::lock_guard guard{mutex_};
    if (state_ == ref_state::closed) return taken;
    state_ = next;
    last = std::exchange(incarnation_, {});
    if (next != ref_state::holding) {
      taken.swap(held_);
      refused_ += taken.size();
    }
    return taken;
  }

  void bounce_all(held_messages messages) {
    const auto reason = caf::make_error(caf::sec::request_receiver_down);
    for (auto& message : messages) bulwark::refuse(*message, reason);
  }

  const stable_ref_options options_;
  mutable std::mutex mutex_;
  ref_state state_ = ref_state::holding;
  caf::actor incarnation_;
  held_messages held_;
  std::uint64_t bindings_ = 0;
  std::uint64_t refused_ = 0;
};

stable_ref* as_ref(const caf::actor& handle) noexcept {
  return handle ? dynamic_cast<stable_ref*>(caf::actor_cast<caf::abstract_actor*>(handle)) : nullptr;
}

stable_ref& ref_behind(const caf::actor& handle) {
  auto* ref = as_ref(handle);
  BULWARK_INVARIANT(ref != nullptr);
  return *ref;
}

}  // namespace

caf::actor make_stable_ref(caf::actor_system& system, stable_ref_options options) {
  caf::actor_config config;
  return caf::make_actor<stable_ref, caf::actor>(system.next_actor_id(), system.node(), &system, config,
                                                 std::move(options));
}

void bind(const caf::actor& ref, const caf::actor& incarnation) {
  BULWARK_INVARIANT(incarnation && incarnation != ref);
  ref_behind(ref).bind_to(incarnation);
}

void unbind(const caf::actor& ref) { ref_behind(ref).hold(); }

void vacate(const caf::actor& ref) { ref_behind(ref).refuse(); }

void close(const caf::actor& ref, const caf::error& reason) { ref_behind(ref).end(reason); }

stable_ref_stats ref_stats(const caf::actor& ref) { return ref_behind(ref).stats(); }

bool is_stable_ref(const caf::actor& handle) noexcept { return as_ref(handle) != nullptr; }

}  // namespace bulwark
