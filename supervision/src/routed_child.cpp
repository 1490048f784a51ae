// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/supervision/routed_child.hpp"

#include <caf/all.hpp>
#include <utility>

#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/router.hpp"

namespace bulwark {

namespace {

/// Stands in for the supervisor of a child that reports readiness: hears it, and passes everything on.
class readiness_listener final : public caf::monitorable_actor {
 public:
  readiness_listener(caf::actor_config& config, const caf::actor& supervisor, caf::actor router,
                     double weight)
      : caf::monitorable_actor{config},
        supervisor_{supervisor.address()},
        router_{std::move(router)},
        weight_{weight} {}

  using caf::monitorable_actor::enqueue;

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) override {
    const auto supervisor = caf::actor_cast<caf::actor>(supervisor_);
    if (!supervisor) return refuse(*element, caf::make_error(caf::sec::request_receiver_down));
    if (element->sender && element->content().match_elements<child_ready>())
      add_worker(router_, caf::actor_cast<caf::actor>(element->sender), weight_);
    supervisor->enqueue(std::move(element), host);
  }

  const char* name() const override { return "bulwark.readiness_listener"; }

  void on_destroy() override {
    cleanup(caf::make_error(caf::exit_reason::unreachable), nullptr);
    caf::monitorable_actor::on_destroy();
  }

 private:
  const caf::actor_addr supervisor_;  ///< weak: the child may outlive it
  const caf::actor router_;
  const double weight_;
};

/// Runs a start function so that what it makes joins the router.
struct joining_start {
  caf::actor router;
  double weight;
  bool reports_ready;

  template <class Start>
  start_result run(caf::actor_system& system, const caf::actor& supervisor, const Start& start) const {
    if (!reports_ready) {
      auto made = start(supervisor);
      if (made.handle) add_worker(router, made.handle, weight);
      return made;
    }
    caf::actor_config config;
    return start(caf::make_actor<readiness_listener, caf::actor>(
        system.next_actor_id(), system.node(), &system, config, supervisor, router, weight));
  }
};

}  // namespace

child routed_child(const caf::actor& router, child one, double weight) {
  const joining_start joins{router, weight, one.reports_ready};
  if (one.start)
    one.start = [joins, start = std::move(one.start)](caf::actor_system& system,
                                                      const caf::actor& supervisor) {
      return joins.run(system, supervisor,
                       [&](const caf::actor& reports_to) { return start(system, reports_to); });
    };
  if (one.start_with)
    one.start_with = [joins, start = std::move(one.start_with)](
                         caf::actor_system& system, const caf::actor& supervisor, const caf::message& with) {
      return joins.run(system, supervisor,
                       [&](const caf::actor& reports_to) { return start(system, reports_to, with); });
    };
  return one;
}

}  // namespace bulwark
