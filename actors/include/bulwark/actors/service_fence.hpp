// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <cstdint>

namespace bulwark {

/// A handle in front of an actor of this process, for those who may use it only as long as this node is
/// entitled to serve them.
///
/// Other nodes keep a handle for as long as they like, and a node that was declared dead is reached by those
/// who have not heard of it. So they get a fence instead of the actor itself:
///
///     open --fence_off--> fenced
///     open --end_fence, the actor ends--> ended     for good; who monitors it gets its down_msg
///     fenced --end_fence--> ended                   likewise
///
/// Fenced it lets nothing pass: requests are answered `service_error::fenced` in the name of the fence, other
/// messages are dropped and counted. Ended it answers requests with `sec::request_receiver_down`.
///
/// While it is open, a message passes in the thread that brings it, and the actor answers straight to whoever
/// asked; an exit_msg acts on the actor. What waits in the actor's mailbox when its fence goes up is handled.
/// A fence that is not open keeps the actor no longer.
///
/// It is an actor without a mailbox. CAF keeps an actor that other nodes know until it ends: end the fence
/// before its actor system ends. All functions are thread-safe; a handle that is no fence is a broken
/// invariant. Cost: a lock and a call for each message, some 100 ns.
[[nodiscard]] caf::actor make_service_fence(caf::actor_system& system, const caf::actor& service);

/// Lets nothing pass from now on.
void fence_off(const caf::actor& fence);

/// Ends the fence for good.
void end_fence(const caf::actor& fence);

/// Messages that were not let pass so far.
[[nodiscard]] std::uint64_t refused_by(const caf::actor& fence);

}  // namespace bulwark
