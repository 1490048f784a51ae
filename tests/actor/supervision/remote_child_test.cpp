// SPDX-License-Identifier: BSD-3-Clause
// Goal: a child may live in another process: its end is noticed, however it comes, its successor is found,
// and it stops with its supervisor. Method: two actor systems in this process, connected over loopback; real
// time, waited for.
#include <gmock/gmock.h>
#include <atomic>
#include <caf/all.hpp>
#include <caf/io/middleman.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/node_config.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/supervision/messages.hpp"
#include "bulwark/supervision/supervisor.hpp"
#include "bulwark/testkit/event_recorder.hpp"
#include "bulwark/testkit/eventually.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

caf::behavior distant_service(service_actor* self, bool) {
  return {[](std::int64_t number) { return number + 1; },
          [self](const std::string& order) {
            if (order == "crash") throw std::runtime_error{"far away"};
            if (order == "fail") self->quit(caf::make_error(caf::sec::bad_function_call));
          }};
}

/// The other process: has one service that others may reach.
class other_process {
 public:
  other_process() { renew(); }

  ~other_process() { kill_now(service_); }

  /// A new service at a new port.
  void renew() {
    service_ = system_.spawn(distant_service, true);
    port_ = *system_.middleman().publish(service_, 0, "127.0.0.1");
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const caf::actor& service() const { return service_; }

 private:
  node_config config_;
  caf::actor_system system_{config_};
  caf::actor service_;
  std::uint16_t port_ = 0;
};

class remote_child : public testing::Test {
 protected:
  remote_child() {
    add_supervision_messages(config);
    port = there->port();
    child one;
    one.spec.id = "far";
    one.spec.delays = {.initial = 10ms, .max = 20ms};
    one.ref = ref = make_stable_ref(system, {"far"});
    one.start = [this](caf::actor_system& in, const caf::actor&) -> caf::actor {
      auto found = in.middleman().remote_actor("127.0.0.1", port);
      if (!found) throw std::runtime_error{"nobody serves there"};
      return *found;
    };
    supervisor_options options;
    options.flags.intensity = supervisor_flags::unlimited;
    options.children = {one};
    options.sink = recorder.sink();
    root = spawn_supervisor(system, std::move(options));
    EVENTUALLY(10s, recorder.count(event_kind::ready, "far") == 1);
  }

  ~remote_child() override {
    ask_to_stop(root);
    root = nullptr;
    system.await_all_actors_done();
  }

  std::int64_t successor_of(std::int64_t number) {
    std::int64_t result = 0;
    caf::scoped_actor self{system};
    self->request(ref, 10s, number)
        .receive([&](std::int64_t answer) { result = answer; }, [](const caf::error&) {});
    return result;
  }

  [[nodiscard]] std::optional<supervision_event> last(event_kind kind) const {
    std::optional<supervision_event> found;
    for (const auto& event : recorder.events())
      if (event.kind == kind) found = event;
    return found;
  }

  std::unique_ptr<other_process> there = std::make_unique<other_process>();
  std::atomic<std::uint16_t> port{0};
  testkit::event_recorder recorder;
  node_config config;
  caf::actor_system system{config};
  caf::actor ref, root;
};

TEST_F(remote_child, serves_through_its_stable_reference) { EXPECT_EQ(successor_of(41), 42); }

TEST_F(remote_child, its_crash_is_noticed_with_the_reason_and_its_successor_serves) {
  const auto first = there->service();
  EXPECT_EQ(successor_of(41), 42);  // so the monitor has got there, which went ahead on the same connection
  there->renew();
  port = there->port();
  caf::anon_send(first, std::string{"crash"});
  EVENTUALLY(10s, recorder.count(event_kind::restarted, "far") == 1);
  EXPECT_THAT(last(event_kind::exited)->reason.text, testing::HasSubstr("far away"));
  EXPECT_EQ(successor_of(1), 2);
}

TEST_F(remote_child, the_end_of_its_process_is_noticed_and_it_is_found_in_the_next_one) {
  there.reset();
  // CAF may hand out the lost actor once more before it has seen the end of the connection.
  EVENTUALLY(10s, recorder.count(event_kind::exited, "far") >= 1);
  EVENTUALLY(10s, recorder.count(event_kind::start_failed, "far") >= 2);
  EXPECT_THAT(last(event_kind::start_failed)->reason.text, testing::HasSubstr("nobody serves there"));
  there = std::make_unique<other_process>();
  port = there->port();
  EVENTUALLY(10s, successor_of(2) == 3);
}

TEST_F(remote_child, stops_with_its_supervisor) {
  caf::scoped_actor observer{system};
  const auto service = there->service();
  std::atomic<bool> ended{false};
  service->attach_functor([&](const caf::error&) { ended = true; });
  ask_to_stop(root);
  EVENTUALLY(10s, recorder.count(event_kind::stopped, "far") == 1);
  EVENTUALLY(10s, ended.load());
}

TEST_F(remote_child, is_killed_across_the_connection) {
  there->renew();
  port = there->port();
  caf::scoped_actor self{system};
  self->request(root, 10s, kill_child{"far", {}})
      .receive([](const kill_result& result) { EXPECT_EQ(result.killed, "far"); },
               [](const caf::error& problem) { ADD_FAILURE() << error_text(problem); });
  EVENTUALLY(10s, recorder.count(event_kind::restarted, "far") == 1);
  EXPECT_EQ(last(event_kind::exited)->reason.kind, exit_kind::killed);
}

}  // namespace
}  // namespace bulwark
