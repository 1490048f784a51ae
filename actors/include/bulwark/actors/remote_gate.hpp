// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

struct remote_gate_options {
  std::size_t in_flight_max = 65536;  ///< requests without an answer; more are refused as overloaded
  /// A request without an answer for so long is answered `sec::request_timeout`.
  duration answer_limit = std::chrono::seconds{60};
};

struct unhandled_request;  // bulwark/actors/unhandled_request.hpp

/// Gets requests, each of which it has to see answered. Called in any thread; must be quick.
using unhandled_request_sink = std::function<void(unhandled_request)>;

/// A handle in front of an actor of another node, which answers for it when it is out of reach.
///
/// CAF tells nobody what became of requests to an actor whose connection is lost, and may lose the way to a
/// node without a word. So the gate sends requests in its own name, keeps who asked, and passes the answers
/// on; once it is shut, or once CAF gives the remote actor up, who still waits gets
/// `sec::request_receiver_down` at once, and so does whoever asks later. Other messages pass as they are.
///
/// If the remote actor is a fence (see make_service_fence), what it refuses itself goes to `fenced` instead
/// of being answered; the gate then keeps what each request says while it is under way.
///
/// It is an actor without a mailbox: all happens in the thread of the sender, or of the network. An exit_msg
/// passes to the remote actor. CAF keeps an actor that other nodes know until it ends: shut the gate before
/// its actor system ends. All functions are thread-safe; a handle that is no gate is a broken invariant.
[[nodiscard]] caf::actor make_remote_gate(caf::actor_system& system, const caf::actor& remote,
                                          remote_gate_options options = {},
                                          unhandled_request_sink fenced = {});

/// Asks once more what was refused: its deadline stays, and what is refused again is answered.
void ask_again(const caf::actor& gate, unhandled_request what);

/// Ends the gate for good: whoever monitors it gets its down_msg.
void shut(const caf::actor& gate);

/// Answers the requests whose time is up; to be called now and then.
void expire_requests(const caf::actor& gate, instant now);

/// Requests without an answer so far.
[[nodiscard]] std::size_t requests_in_flight(const caf::actor& gate);

}  // namespace bulwark
