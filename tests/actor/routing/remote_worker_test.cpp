// SPDX-License-Identifier: BSD-3-Clause
// Goal: a worker in another process is counted, answers, and fails visibly when it ends, as a local one.
// Method: two actor systems in this process, connected over loopback; real time, waited for.
#include <gmock/gmock.h>
#include <array>
#include <atomic>
#include <caf/all.hpp>
#include <caf/io/middleman.hpp>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/node_config.hpp"
#include "bulwark/actors/router.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/testkit/eventually.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

struct remote_log {
  std::atomic<int> handled{0};
  std::vector<caf::response_promise> held;
};

caf::behavior distant_behavior(service_actor* self, std::shared_ptr<remote_log> log) {
  return {
      [log](int) { ++log->handled; },
      [](std::int64_t number) { return number + 1; },
      [self, log](float) -> caf::result<float> {
        auto promise = self->make_response_promise<float>();
        log->held.push_back(promise);
        ++log->handled;
        return promise;
      },
  };
}

class remote_worker_test : public testing::Test {
 protected:
  remote_worker_test() {
    for (auto& worker : there) {
      worker = server.spawn(distant_behavior, log);
      const auto port = server.middleman().publish(worker, 0, "127.0.0.1");
      here.push_back(*client.middleman().remote_actor("127.0.0.1", *port));
    }
  }
  ~remote_worker_test() override {
    for (const auto& router : routers) ask_to_stop(router);  // CAF keeps what other nodes know
    log->held.clear();
    for (const auto& worker : there) kill_now(worker);
  }

  caf::actor make(const router_options& options) {
    routers.push_back(make_router(client, options));
    return routers.back();
  }

  node_config server_config, client_config;
  std::shared_ptr<remote_log> log = std::make_shared<remote_log>();
  caf::actor_system server{server_config}, client{client_config};
  std::array<caf::actor, 2> there;
  std::vector<caf::actor> here, routers;
};

TEST_F(remote_worker_test, messages_and_requests_are_acknowledged) {
  router_options options;
  options.policy = {routing_kind::round_robin};
  const auto router = make(options);
  for (const auto& worker : here) add_worker(router, worker);
  for (int i = 0; i < 100; ++i) caf::anon_send(router, i);
  EVENTUALLY(10s, counts_of(router).done == 100);
  EXPECT_EQ(log->handled, 100);
  caf::scoped_actor self{client};
  std::int64_t answer = 0;
  self->request(router, 10s, std::int64_t{41})
      .receive([&](std::int64_t number) { answer = number; },
               [](const caf::error& problem) { ADD_FAILURE() << error_text(problem); });
  EXPECT_EQ(answer, 42);
  EXPECT_TRUE(counts_of(router).add_up());
  for (const auto& one : worker_loads(router)) EXPECT_GE(one.done, 50u);
}

TEST_F(remote_worker_test, its_end_is_told_to_whoever_waits_and_kept_work_goes_on) {
  router_options options;
  options.policy = {routing_kind::round_robin};
  const auto once = make(options);
  options.delivery = delivery_mode::at_least_once;
  const auto kept = make(options);
  add_worker(once, here[0]);
  for (const auto& worker : here) add_worker(kept, worker);
  caf::scoped_actor self{client};
  auto asked = self->request(once, 30s, 1.0f);
  EVENTUALLY(10s, log->handled == 1);
  for (int i = 0; i < 50; ++i) caf::anon_send(kept, i);
  kill_now(there[0]);
  std::string problem = "none";
  asked.receive([](float) {}, [&](const caf::error& what) { problem = error_text(what); });
  EXPECT_EQ(problem, "request_receiver_down");
  EXPECT_EQ(counts_of(once).failed, 1u);
  EVENTUALLY(10s, counts_of(kept).done == 50);
  EXPECT_EQ(counts_of(kept).failed, 0u);
  EVENTUALLY(10s, worker_loads(kept).size() == 1);
}

}  // namespace
}  // namespace bulwark
