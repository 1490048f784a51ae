// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/service_fence.hpp"

#include <caf/all.hpp>
#include <mutex>
#include <utility>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/actors/messages.hpp"

namespace bulwark {

namespace {

class service_fence final : public caf::monitorable_actor {
 public:
  service_fence(caf::actor_config& config, caf::actor service)
      : caf::monitorable_actor{config}, service_{std::move(service)} {}

  using caf::monitorable_actor::enqueue;

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    caf::actor to;
    caf::error refusal;
    {
      const std::lock_guard guard{mutex_};
      to = service_;
      if (!to) {
        if (element->content().match_elements<caf::exit_msg>()) return;  // for what it is fenced off from
        ++refused_;
        refusal =
            ended_ ? caf::make_error(caf::sec::request_receiver_down) : caf::error{service_error::fenced};
      }
    }
    // In its own name, so that it is not taken for an error that the service passes on from somebody else.
    if (!to) return refuse(*element, std::move(refusal), caf::strong_actor_ptr{ctrl()});
    to->enqueue(std::move(element), host);
  }

  const char* name() const override { return "bulwark.service_fence"; }

  void on_destroy() override {
    end(caf::make_error(caf::exit_reason::unreachable));
    caf::monitorable_actor::on_destroy();
  }

  void rise() { leave(false); }

  void end(caf::error reason) {
    leave(true);
    cleanup(std::move(reason), nullptr);  // tells whoever monitors; does nothing the second time
  }

  /// What it stands before has ended. Fenced off it has let go of that, and goes on refusing.
  void follow(caf::error reason) {
    {
      const std::lock_guard guard{mutex_};
      if (!service_) return;
    }
    end(std::move(reason));
  }

  [[nodiscard]] std::uint64_t refused() const {
    const std::lock_guard guard{mutex_};
    return refused_;
  }

 private:
  void leave(bool for_good) {
    caf::actor last;  // released after the lock: it may be the last handle, and its end may run code
    const std::lock_guard guard{mutex_};
    ended_ = ended_ || for_good;
    last = std::exchange(service_, {});
  }

  mutable std::mutex mutex_;
  caf::actor service_;  ///< null unless open
  bool ended_ = false;
  std::uint64_t refused_ = 0;
};

service_fence* as_fence(const caf::actor& handle) {
  return handle ? dynamic_cast<service_fence*>(caf::actor_cast<caf::abstract_actor*>(handle)) : nullptr;
}

service_fence& fence_behind(const caf::actor& handle) {
  auto* found = as_fence(handle);
  BULWARK_INVARIANT(found != nullptr);
  return *found;
}

}  // namespace

caf::actor make_service_fence(caf::actor_system& system, const caf::actor& service) {
  BULWARK_INVARIANT(service);
  caf::actor_config config;
  auto fence = caf::make_actor<service_fence, caf::actor>(system.next_actor_id(), system.node(), &system,
                                                          config, service);
  // Called at once if it has ended already.
  caf::actor_cast<caf::abstract_actor*>(service)->attach_functor(
      [weak = fence.address()](const caf::error& reason) {
        if (const auto found = caf::actor_cast<caf::actor>(weak)) as_fence(found)->follow(reason);
      });
  return fence;
}

void fence_off(const caf::actor& fence) { fence_behind(fence).rise(); }

void end_fence(const caf::actor& fence) {
  fence_behind(fence).end(caf::make_error(caf::exit_reason::unreachable));
}

std::uint64_t refused_by(const caf::actor& fence) { return fence_behind(fence).refused(); }

}  // namespace bulwark
