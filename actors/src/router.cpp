// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/router.hpp"

#include <algorithm>
#include <caf/all.hpp>
#include <mutex>

#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/actors/core/worker_chooser.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/service_actor.hpp"

namespace bulwark {

namespace {

class router final : public caf::monitorable_actor, private worker_view {
 public:
  router(caf::actor_config& config, std::string name, const routing_policy& policy)
      : caf::monitorable_actor{config}, name_{std::move(name)}, chooser_{make_chooser(policy)} {}

  using caf::monitorable_actor::enqueue;

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    if (element->content().match_elements<caf::exit_msg>()) {
      return end(element->content().get_as<caf::exit_msg>(0).reason);
    }
    if (const auto worker = choose()) {
      worker->enqueue(std::move(element), host);
    } else {
      refuse(*element, caf::error{service_error::no_worker});
    }
  }

  bool add(const caf::actor& worker) {
    std::lock_guard guard{mutex_};
    if (closed_ || std::ranges::find(workers_, worker, &entry::worker) != workers_.end()) return false;
    workers_.push_back(
        {worker, gauge_of(worker), std::make_shared<std::atomic<std::int64_t>>(0), ++last_id_});
    ++version_;
    return true;
  }

  void remove(const caf::actor_addr& address) {
    caf::actor last;  // released after the lock: it may be the last handle, and its end may run code
    std::lock_guard guard{mutex_};
    const auto found =
        std::ranges::find_if(workers_, [&](const entry& one) { return one.worker.address() == address; });
    if (found == workers_.end()) return;
    last = std::move(found->worker);
    workers_.erase(found);
    ++version_;
  }

  std::optional<routed> lease() {
    std::lock_guard guard{mutex_};
    if (workers_.empty()) return std::nullopt;
    const auto& chosen = workers_[choose_place()];
    return routed{chosen.worker, load_lease{chosen.leases}};
  }

  [[nodiscard]] std::vector<worker_load> loads() const {
    std::lock_guard guard{mutex_};
    std::vector<worker_load> all;
    for (const auto& one : workers_) all.push_back({one.worker, one.leased(), one.waiting()});
    return all;
  }

  const char* name() const override { return "bulwark.router"; }

  void on_destroy() override {
    end(caf::make_error(caf::exit_reason::unreachable));
    caf::monitorable_actor::on_destroy();
  }

 private:
  struct entry {
    caf::actor worker;
    const mailbox_gauge* gauge;  ///< of the worker, which the handle keeps alive; nullptr if it has none
    std::shared_ptr<std::atomic<std::int64_t>> leases;
    std::uint64_t id;

    [[nodiscard]] std::int64_t leased() const noexcept { return leases->load(std::memory_order_relaxed); }
    [[nodiscard]] std::int64_t waiting() const noexcept { return gauge ? gauge->depth() : 0; }
  };

  caf::actor choose() {
    std::lock_guard guard{mutex_};
    return workers_.empty() ? caf::actor{} : workers_[choose_place()].worker;
  }

  std::size_t choose_place() { return chooser_.choose(*this, {.ticket = ticket_++}); }

  // worker_view; under the lock
  std::size_t count() const noexcept override { return workers_.size(); }
  std::int64_t load(std::size_t i) const noexcept override {
    return workers_[i].leased() + workers_[i].waiting();
  }
  double weight(std::size_t) const noexcept override { return 1; }
  double latency(std::size_t) const noexcept override { return 0; }
  std::uint64_t identity(std::size_t i) const noexcept override { return workers_[i].id; }
  std::uint64_t version() const noexcept override { return version_; }

  void end(caf::error reason) {
    std::vector<entry> last;
    {
      std::lock_guard guard{mutex_};
      closed_ = true;
      last.swap(workers_);
    }
    cleanup(std::move(reason), nullptr);
  }

  const std::string name_;
  any_chooser chooser_;
  mutable std::mutex mutex_;
  bool closed_ = false;
  std::uint64_t ticket_ = 0;
  std::uint64_t last_id_ = 0;
  std::uint64_t version_ = 0;
  std::vector<entry> workers_;
};

router& router_behind(const caf::actor& handle) {
  auto* found = handle ? dynamic_cast<router*>(caf::actor_cast<caf::abstract_actor*>(handle)) : nullptr;
  BULWARK_INVARIANT(found != nullptr);
  return *found;
}

}  // namespace

caf::actor make_router(caf::actor_system& system, std::string name, routing_policy policy) {
  caf::actor_config config;
  return caf::make_actor<router, caf::actor>(system.next_actor_id(), system.node(), &system, config,
                                             std::move(name), policy);
}

void add_worker(const caf::actor& handle, const caf::actor& worker) {
  BULWARK_INVARIANT(worker && worker != handle);
  if (!router_behind(handle).add(worker)) return;
  // Weak on both sides, so that neither keeps the other alive. Attached outside the router's lock: a worker
  // that ended already runs this at once.
  worker->attach_functor([from = handle.address(), gone = worker.address()] {
    if (const auto strong = caf::actor_cast<caf::actor>(from)) router_behind(strong).remove(gone);
  });
}

void remove_worker(const caf::actor& handle, const caf::actor& worker) {
  router_behind(handle).remove(worker.address());
}

std::vector<worker_load> worker_loads(const caf::actor& handle) { return router_behind(handle).loads(); }

std::optional<routed> pick(const caf::actor& handle) { return router_behind(handle).lease(); }

}  // namespace bulwark
