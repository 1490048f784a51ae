// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/group_speaker.hpp"

#include <caf/all.hpp>
#include <string_view>
#include <utility>

#include "bulwark/actors/reply_promise.hpp"
#include "bulwark/actors/service_actor.hpp"
#include "bulwark/consensus/group_machine.hpp"
#include "bulwark/consensus/messages.hpp"
#include "bulwark/consensus/replica_actor.hpp"
#include "bulwark/consensus/replicated.hpp"
#include "bulwark/supervision/group_port.hpp"

namespace bulwark::consensus {

namespace {

const caf::duration speech_limit{std::chrono::seconds{2}};

class group_speaker final : public service_actor {
 public:
  group_speaker(caf::actor_config& config, caf::actor replica)
      : service_actor{config}, replica_{std::move(replica)} {}

  const char* name() const override { return "bulwark.group_speaker"; }

  caf::behavior make_behavior() override {
    return {[this](const group_order& order) {
              return ask(request_kind::write, group_request(order.what),
                         [](std::string_view reply, reply_promise& to) {
                           const auto result = decode_group_result(reply);
                           if (result) to.deliver(group_answer{*result});
                           return result.has_value();
                         });
            },
            [this](const token_question& question) {
              return ask(request_kind::read, holds_question(question.name, question.token),
                         [](std::string_view reply, reply_promise& to) {
                           const auto yes = holds_in(reply);
                           if (yes) to.deliver(token_holds{*yes});
                           return yes.has_value();
                         });
            }};
  }

 private:
  using promised = caf::delegated<caf::message>;

  /// `deliver(reply, promise)` is false if it does not understand the reply.
  template <class Deliver>
  promised ask(request_kind kind, bytes payload, Deliver deliver) {
    reply_promise promise{this};
    auto unknown = [promise]() mutable {
      promise.deliver(caf::make_error(replicated_error::unknown, "nobody can tell what the group did"));
    };
    request(replica_, speech_limit, submit{static_cast<std::uint8_t>(kind), std::move(payload)})
        .then(
            [promise, unknown, deliver](const submit_result& result) mutable {
              const bool is_done = result.outcome == static_cast<std::uint8_t>(outcome::done);
              if (!is_done || !deliver(result.reply, promise)) unknown();
            },
            [unknown](const caf::error&) mutable { unknown(); });
    return reply_promise::later();
  }

  const caf::actor replica_;
};

}  // namespace

caf::actor spawn_group_speaker(caf::actor_system& system, const caf::actor& replica) {
  return system.spawn<group_speaker>(replica);
}

}  // namespace bulwark::consensus
