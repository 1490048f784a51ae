// SPDX-License-Identifier: BSD-3-Clause
#include "node_scheduler.hpp"

#include <caf/all.hpp>
#include <caf/policy/unprofiled.hpp>
#include <caf/scheduler/coordinator.hpp>

#include "bulwark/actors/short_turn.hpp"
#include "quiet_clock.hpp"
#include "run_queue.hpp"

namespace bulwark {

namespace {

using abstract_coordinator = caf::scheduler::abstract_coordinator;

thread_local const void* works_for = nullptr;  ///< the scheduler to whose queue this thread comes back
thread_local int short_turns = 0;

/// What CAF's threads want from a policy: where jobs go and where they come from.
class run_queue_policy : public caf::policy::unprofiled {
 public:
  struct coordinator_data {
    explicit coordinator_data(abstract_coordinator*) {}
    run_queue<caf::resumable*> jobs;
  };

  struct worker_data {
    explicit worker_data(abstract_coordinator*) {}
  };

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    d(self).jobs.push(job, short_turns > 0 && works_for == self);
  }

  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    central_enqueue(self->parent(), job);
  }

  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    central_enqueue(self->parent(), job);
  }

  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    central_enqueue(self->parent(), job);
  }

  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    works_for = self->parent();
    return d(self->parent()).jobs.pop();
  }

  template <class Worker, class Function>
  void foreach_resumable(Worker*, Function) {}

  template <class Coordinator, class Function>
  void foreach_central_resumable(Coordinator* self, Function function) {
    d(self).jobs.drain(function);
  }
};

class node_scheduler final : public caf::scheduler::coordinator<run_queue_policy> {
 public:
  explicit node_scheduler(caf::actor_system& system)
      : caf::scheduler::coordinator<run_queue_policy>{system},
        quiet_{caf::scheduler::coordinator<run_queue_policy>::clock()} {}

  quiet_clock& clock() noexcept override { return quiet_; }

  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>) {
    return new node_scheduler(system);
  }

 private:
  quiet_clock quiet_;
};

}  // namespace

short_turn::short_turn() noexcept { ++short_turns; }
short_turn::~short_turn() { --short_turns; }

void use_node_scheduler(caf::actor_system_config& config) { config.load<node_scheduler>(); }

}  // namespace bulwark
