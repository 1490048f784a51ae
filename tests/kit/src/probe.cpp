// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/testkit/probe.hpp"

#include <map>

#include "bulwark/actors/compat.hpp"
#include "bulwark/actors/service_actor.hpp"

namespace bulwark::testkit {

struct probe::memory {
  std::deque<caf::message> messages;
  std::map<caf::actor_addr, caf::error> ends;
};

namespace {

struct watch_order {
  caf::actor whom;
};

}  // namespace

}  // namespace bulwark::testkit

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::testkit::watch_order)

namespace bulwark::testkit {

probe::probe(deterministic_system& world) : world_{world}, memory_{std::make_shared<memory>()} {
  actor_ = world.system().spawn(
      [](service_actor* self, std::shared_ptr<memory> into) -> caf::behavior {
        self->set_down_handler([into](caf::down_msg& down) { into->ends.emplace(down.source, down.reason); });
        self->set_default_handler([into](caf::scheduled_actor*, caf::message_view& view) {
          into->messages.push_back(view.copy_content_to_message());
          return caf::result<caf::message>{caf::delegated<caf::message>{}};
        });
        return {[self](const watch_order& order) { self->monitor(order.whom); }};
      },
      memory_);
}

probe::~probe() {
  kill_now(actor_);
  actor_ = nullptr;
  world_.drain();
}

void probe::watch(const caf::actor& whom) {
  caf::anon_send(actor_, watch_order{whom});
  world_.drain();
}

void probe::expect_none(duration within) {
  world_.advance(within);
  if (!memory_->messages.empty())
    fail("expected no message, and there is " + to_string(memory_->messages.front()));
}

std::optional<caf::error> probe::expect_down(const caf::actor& whom) {
  world_.drain();
  const auto found = memory_->ends.find(caf::actor_cast<caf::actor_addr>(whom));
  if (found != memory_->ends.end()) return found->second;
  fail("expected the end of an actor that goes on, or is not watched");
  return std::nullopt;
}

std::optional<caf::message> probe::take() {
  world_.drain();
  if (memory_->messages.empty()) return std::nullopt;
  auto oldest = std::move(memory_->messages.front());
  memory_->messages.pop_front();
  return oldest;
}

void probe::fail(const std::string& problem) { ADD_FAILURE() << problem; }

}  // namespace bulwark::testkit
