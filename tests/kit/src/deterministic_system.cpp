// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/testkit/deterministic_system.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "bulwark/actors/core/random.hpp"
#include "bulwark/actors/messages.hpp"
#include "bulwark/supervision/messages.hpp"

namespace bulwark::testkit {

struct deterministic_system::parts {
  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;
  caf::scheduler::test_coordinator* scheduler = nullptr;
  std::optional<random_stream> schedule;

  template <class Choose>
  std::size_t run(std::size_t limit, Choose choose) {
    std::size_t turns = 0;
    for (; scheduler->has_job(); ++turns) {
      if (turns == limit)
        throw std::runtime_error{"the actors under test are still busy after the limit of turns"};
      choose(scheduler->jobs);
      scheduler->run_once();
    }
    return turns;
  }
};

deterministic_system::deterministic_system(const configuration& configure)
    : parts_{std::make_unique<parts>()} {
  parts_->config.set("scheduler.policy", caf::atom("testing"));
  add_actors_messages(parts_->config);
  add_supervision_messages(parts_->config);
  if (configure) configure(parts_->config);
  parts_->system = std::make_unique<caf::actor_system>(parts_->config);
  parts_->scheduler = &dynamic_cast<caf::scheduler::test_coordinator&>(parts_->system->scheduler());
  // A clock at its epoch would make "never" and "now" look alike.
  parts_->scheduler->clock().current_time += std::chrono::hours{1};
}

deterministic_system::~deterministic_system() = default;

caf::actor_system& deterministic_system::system() noexcept { return *parts_->system; }

instant deterministic_system::now() const { return parts_->scheduler->clock().current_time; }

std::size_t deterministic_system::drain(std::size_t limit) {
  if (!parts_->schedule) return parts_->run(limit, [](auto&) {});
  return parts_->run(limit, [&random = *parts_->schedule](auto& jobs) {
    std::swap(jobs.front(), jobs[random.below(jobs.size())]);
  });
}

void deterministic_system::shuffle(std::uint64_t seed) { parts_->schedule = random_stream{seed}; }

std::size_t deterministic_system::drain_shuffled(std::uint64_t seed, std::size_t limit) {
  random_stream random{seed};
  return parts_->run(limit,
                     [&random](auto& jobs) { std::swap(jobs.front(), jobs[random.below(jobs.size())]); });
}

void deterministic_system::advance(duration length) {
  auto& clock = parts_->scheduler->clock();
  const auto end = clock.current_time + length;
  for (drain(); clock.has_pending_timeout(); drain()) {
    const auto next = clock.schedule().begin()->first;
    if (next > end) break;
    clock.advance_time(next > clock.current_time ? next - clock.current_time : duration::zero());
  }
  if (clock.current_time < end) clock.advance_time(end - clock.current_time);
  drain();
}

}  // namespace bulwark::testkit
