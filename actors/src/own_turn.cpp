// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/actors/own_turn.hpp"

#include <caf/all.hpp>
#include <caf/scoped_execution_unit.hpp>
#include <utility>

namespace bulwark {

namespace {

thread_local own_turn* open_turn = nullptr;

}  // namespace

/// Takes the actors that prompt_actor::enqueue sends here.
struct own_turn::host final : caf::scoped_execution_unit {
  explicit host(own_turn& turn) : caf::scoped_execution_unit{&turn.system_}, turn_{turn} {}
  void exec_later(caf::resumable* job) override { turn_.waiting_.push_back(job); }

 private:
  own_turn& turn_;
};

own_turn::own_turn(caf::actor_system& system, std::size_t turns_max) noexcept
    : system_{system}, turns_max_{turns_max}, outer_{open_turn} {
  if (!outer_) open_turn = this;
}

own_turn::~own_turn() {
  if (outer_) return;
  run();
  open_turn = nullptr;
}

void own_turn::run() {
  if (waiting_.empty()) return;
  const auto throughput = system_.scheduler().max_throughput();
  caf::scoped_execution_unit unit{&system_};
  std::size_t turns = 0;
  // Each may append more, so by index.
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    auto* const job = waiting_[i];
    if (++turns > turns_max_) {
      system_.scheduler().enqueue(job);
      continue;
    }
    switch (job->resume(&unit, throughput)) {
      case caf::resumable::resume_later: system_.scheduler().enqueue(job); break;
      case caf::resumable::done:
      case caf::resumable::awaiting_message: caf::intrusive_ptr_release(job); break;
      case caf::resumable::shutdown_execution_unit: break;
    }
  }
  waiting_.clear();
}

void prompt_actor::enqueue(caf::mailbox_element_ptr element, caf::execution_unit* host) {
  if (auto* const turn = open_turn; prompt_ && turn && &turn->system_ == &home_system()) {
    own_turn::host mine{*turn};
    return service_actor::enqueue(std::move(element), &mine);
  }
  service_actor::enqueue(std::move(element), host);
}

}  // namespace bulwark
