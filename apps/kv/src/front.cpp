// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/kv/front.hpp"

#include <caf/all.hpp>

#include "bulwark/actors/core/invariant.hpp"
#include "bulwark/actors/own_turn.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/kv/core/machine.hpp"
#include "service_shared.hpp"
#include "session.hpp"
#include "tcp_server.hpp"

namespace bulwark::kv {

namespace {

// One read may go beyond what the largest command needs.
constexpr std::size_t read_bytes_max = 64u << 10;

/// Gives the client port a place in the supervision tree: the port is open as long as this actor lives.
class front : public service_actor {
 public:
  front(caf::actor_config& config, std::unique_ptr<tcp_server> server)
      : service_actor{config}, server_{std::move(server)} {}

  // An actor without any handler would end at once; this one only waits for its end.
  caf::behavior make_behavior() override {
    return {[](caf::unit_t) {}};
  }

  void on_exit() override { server_.reset(); }

  const char* name() const override { return "bulwark.kv.front"; }

 private:
  std::unique_ptr<tcp_server> server_;
};

}  // namespace

std::string front_options::validate() const {
  if (sessions == 0) return "sessions is 0; expected at least 1";
  if (!replica) return "replica is missing";
  if (conversation.requests.command_bytes_max < conversation.requests.bulk_bytes_max)
    return "command_bytes_max is below bulk_bytes_max; expected at least as much";
  if (conversation.requests.bulk_bytes_max < conversation.batches.value_bytes_max)
    return "bulk_bytes_max is below value_bytes_max; expected at least as much";
  if (output_bytes_max <= conversation.batches.reply_bytes_max + output_bytes_pause)
    return "output_bytes_max is too small; expected more than reply_bytes_max and output_bytes_pause "
           "together";
  return {};
}

service::service(front_options options) {
  BULWARK_INVARIANT(options.validate().empty());
  shared_ = std::make_shared<shared>(std::move(options));
}

service::child_start service::session_child(std::size_t) const {
  return [shared = shared_](caf::actor_system& system, const caf::actor&) {
    return spawn_session(system, shared);
  };
}

service::child_start service::front_child() const {
  return [shared = shared_](caf::actor_system& system, const caf::actor&) {
    const auto& options = shared->options;
    auto server = std::make_unique<tcp_server>(tcp_server_options{
        .host = options.host,
        .port = shared->port,
        .limits = {.input_bytes_max = options.conversation.requests.command_bytes_max + read_bytes_max,
                   .output_bytes_pause = options.output_bytes_pause,
                   .output_bytes_max = options.output_bytes_max},
        .budget = shared->budget,
        .admit = [shared](const auto& peer, const auto& local) { return shared::admit(shared, peer, local); },
        .around =
            [&system](const auto& one_round) {
              const own_turn turn{system};
              one_round();
            },
    });
    shared->port = server->port();
    auto result = system.spawn<front>(std::move(server));
    if (options.on_listening) options.on_listening(shared->port);
    return result;
  };
}

std::function<std::unique_ptr<consensus::state_machine>()> service::machine_factory() const {
  return [shared = shared_] {
    return std::make_unique<machine>([shared](const machine_totals& totals) {
      shared->keys.store(totals.keys, std::memory_order_relaxed);
      shared->keys_bytes.store(totals.bytes, std::memory_order_relaxed);
      shared->revision.store(totals.revision, std::memory_order_relaxed);
    });
  };
}

void service::drain() { shared_->draining = true; }

std::size_t service::connections() const { return shared_->connections(); }

std::uint16_t service::port() const { return shared_->port; }

}  // namespace bulwark::kv
