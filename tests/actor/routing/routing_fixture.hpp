// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gmock/gmock.h>
#include <caf/all.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/core/delivery_log.hpp"
#include "bulwark/actors/router.hpp"
#include "bulwark/actors/router_messages.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/testkit/deterministic_system.hpp"
#include "bulwark/testkit/reply.hpp"

namespace bulwark {

/// What the workers of a test have done, all together.
struct work_log {
  std::vector<int> handled;
  std::vector<delivery_id> deliveries;
  std::vector<std::pair<caf::actor, caf::response_promise>> held;  ///< with who has to answer
};

using shared_work = std::shared_ptr<work_log>;

/// Notes ints; answers longs with their successor, 13 with an error of the application; "crash" by crashing;
/// holds the requests of floats until the test answers them.
template <class Actor>
caf::behavior routed_worker(Actor* self, shared_work log) {
  return {
      [self, log](int number) {
        log->handled.push_back(number);
        log->deliveries.push_back(delivery_of(*self));
        if (number < 0) throw std::runtime_error{"poison"};
      },
      [](std::int64_t number) -> caf::result<std::int64_t> {
        if (number == 13) return caf::make_error(caf::pec::unexpected_character);
        return number + 1;
      },
      [self, log](float) -> caf::result<float> {
        auto promise = self->template make_response_promise<float>();
        log->held.emplace_back(caf::actor_cast<caf::actor>(self), promise);
        return promise;
      },
      [log](caf::ok_atom, std::uint32_t which, float value) { log->held[which].second.deliver(value); },
      [log](caf::get_atom, std::uint32_t which) {
        log->held[which].second.deliver(caf::make_error(caf::sec::runtime_error));
      },
      [](const std::string&) { throw std::runtime_error{"as ordered"}; },
  };
}

class routing_fixture : public testing::Test {
 protected:
  ~routing_fixture() override {
    log->held.clear();
    for (const auto& one : workers) kill_now(one);
    world.drain();
    EXPECT_EQ(world.system().registry().running(), 0u) << "actors were left behind";
    if (router) {
      world.advance(std::chrono::minutes{2});
      const auto counts = counts_of(router);
      EXPECT_TRUE(counts.add_up()) << counts;
      EXPECT_EQ(counts.in_flight, 0) << counts;
      EXPECT_EQ(counts.waiting, 0u) << counts;
    }
  }

  void make(router_options options, int count, bool plain = false) {
    if (options.policy.kind == routing_kind::p2c) options.policy.kind = by_default;
    router = make_router(world.system(), std::move(options));
    for (int i = 0; i < count; ++i) join(plain);
    world.drain();
  }

  caf::actor join(bool plain = false) {
    workers.push_back(plain ? world.system().spawn(routed_worker<caf::event_based_actor>, log)
                            : world.system().spawn(routed_worker<service_actor>, log));
    add_worker(router, workers.back());
    return workers.back();
  }

  template <class Answer, class Word>
  auto ask(Word word) {
    return testkit::ask<Answer>(world.system(), router, word);
  }

  /// The worker that holds this request answers it, if it lives.
  void answer(std::size_t which, float value = 0) {
    caf::anon_send(log->held[which].first, caf::ok_atom_v, static_cast<std::uint32_t>(which), value);
    world.drain();
  }

  router_counts counts() const { return counts_of(router); }

  std::vector<std::int64_t> in_flight() const {
    std::vector<std::int64_t> all;
    for (const auto& one : worker_loads(router)) all.push_back(one.in_flight);
    return all;
  }

  /// What p2c is in the test: its kin that leaves nothing to chance, unless the test is about p2c itself.
  routing_kind by_default = routing_kind::least_loaded;
  testkit::deterministic_system world;
  shared_work log = std::make_shared<work_log>();
  caf::actor router;
  std::vector<caf::actor> workers;
};

/// What became of a reply: its error, "value", or "pending".
template <class Answer>
std::string outcome(const std::shared_ptr<const testkit::reply<Answer>>& reply) {
  if (reply->error) return error_text(*reply->error);
  return reply->value ? "value" : "pending";
}

}  // namespace bulwark
