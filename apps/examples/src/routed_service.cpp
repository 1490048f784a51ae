// SPDX-License-Identifier: BSD-3-Clause
// A service of supervised workers behind a router, which are killed while they work. Nothing is lost: what a
// worker had when it ended goes to another one, and in the end the count adds up.
// Prints the count, then "example: ok".
#include <caf/all.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bulwark/actors/messages.hpp"
#include "bulwark/actors/router.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/supervision/messages.hpp"
#include "bulwark/supervision/routed_child.hpp"
#include "bulwark/supervision/supervisor.hpp"

namespace {

using namespace std::chrono_literals;

/// What a price costs to find out.
caf::behavior pricer(bulwark::service_actor*, int cents) {
  return {[cents](int pieces) {
    std::this_thread::sleep_for(200us);
    return cents * pieces;
  }};
}

/// Eight pricers under a supervisor. Each joins the router when it is up, and leaves when it is not.
caf::actor start_pricers(caf::actor_system& system, const caf::actor& router) {
  bulwark::supervisor_options options;
  options.flags.intensity = 1000;
  for (int i = 1; i <= 8; ++i) {
    bulwark::child one{.spec = {.id = "pricer" + std::to_string(i)},
                       .start = [](caf::actor_system& where, const caf::actor&) -> caf::actor {
                         return where.spawn(pricer, 25);
                       }};
    one.spec.delays.initial = 1ms;
    options.children.push_back(bulwark::routed_child(router, std::move(one)));
  }
  return bulwark::spawn_supervisor(system, std::move(options));
}

struct answers {
  int right = 0, wrong = 0, refused = 0;
};

/// Asks so many times, and kills a worker after each 50th question.
answers ask_and_kill(caf::actor_system& system, const caf::actor& router, int questions) {
  caf::scoped_actor self{system};
  std::vector<decltype(self->request(router, 30s, 1))> asked;
  answers got;
  for (int number = 1; number <= questions; ++number) {
    asked.push_back(self->request(router, 30s, number));
    if (number % 50 != 0) continue;
    if (const auto there = bulwark::worker_loads(router); !there.empty())
      bulwark::kill_now(there[static_cast<std::size_t>(number) % there.size()].worker);
  }
  for (int number = 1; auto& one : asked) {
    one.receive([&](int price) { ++(price == 25 * number ? got.right : got.wrong); },
                [&](const caf::error& problem) {
                  ++got.refused;
                  std::cout << bulwark::error_text(problem) << std::endl;
                });
    ++number;
  }
  return got;
}

bool run(caf::actor_system& system) {
  bulwark::router_options options;
  options.name = "pricers";
  options.delivery = bulwark::delivery_mode::at_least_once;  // to price twice does no harm
  options.attempts_max = 10;
  options.rules.bounds = {.per_worker = 50, .rule = bulwark::when_full::block, .waiting_limit = 20s};
  const auto router = bulwark::make_router(system, options);
  const auto root = start_pricers(system, router);

  constexpr int questions = 1000;
  const auto got = ask_and_kill(system, router, questions);
  const auto counts = bulwark::counts_of(router);
  std::cout << "asked " << questions << ": " << got.right << " right, " << got.wrong << " wrong, "
            << got.refused << " refused\nthe router: " << counts.submitted << " submitted = " << counts.done
            << " done + " << counts.rejected << " rejected + " << counts.failed << " failed; "
            << counts.redelivered << " went to another worker when theirs was killed" << std::endl;

  caf::scoped_actor self{system};
  bulwark::ask_to_stop(root);
  self->wait_for(root);
  return got.right == questions && counts.submitted == questions && counts.add_up() && counts.in_flight == 0;
}

}  // namespace

int main() {
  caf::actor_system_config config;
  bulwark::add_actors_messages(config);
  bulwark::add_supervision_messages(config);
  caf::actor_system system{config};
  const bool good = run(system);
  std::cout << (good ? "example: ok" : "example: FAILED") << std::endl;
  return good ? 0 : 1;
}
