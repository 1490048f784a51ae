// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/error.hpp>
#include <caf/fwd.hpp>
#include <caf/message.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bulwark/actors/core/mail_policy.hpp"
#include "bulwark/actors/core/time.hpp"

namespace bulwark {

struct stable_ref_options {
  std::string name;             ///< for people
  std::size_t hold_max = 1024;  ///< messages held while there is no incarnation; more are refused
};

/// A handle that outlives the incarnations of a child: what users hold.
///
/// It is an actor without a mailbox. A message sent to it goes to the current incarnation in the sender's
/// thread; the answer goes straight to the sender. It starts without an incarnation, so actors that need each
/// other can be wired before any of them exists.
///
///     holding --bind--> bound --unbind--> holding      held messages are delivered at bind, in their order
///     holding | bound --vacate--> vacant --bind--> bound
///     any --close--> closed                            for good; whoever monitors the reference gets its
///     down_msg
///
/// Bound to an incarnation that has ended it holds as well: its supervisor will say what comes next. While
/// holding, up to `hold_max` messages wait; a request beyond gets `service_error::overloaded` at once,
/// any other message is dropped and counted. Vacant and closed references answer requests with
/// `sec::request_receiver_down`. An exit_msg acts on the incarnation that is bound, never on a later one.
///
/// When an incarnation that is a service_actor ends, its reference takes what waits in its mailbox before
/// anything else can be sent to it. The mail_policy says whether the next incarnation gets it; if not,
/// requests are answered `service_error::not_handled`. So a request through a reference is answered by an
/// incarnation, or by an error that says what became of it. Of an incarnation of another kind, requests that
/// wait get `sec::request_receiver_down`. The last handle that goes away closes the reference. All functions
/// are thread-safe; a handle that is no stable reference is a broken invariant.
[[nodiscard]] caf::actor make_stable_ref(caf::actor_system& system, stable_ref_options options = {});

/// Passes what is held, then everything else, to `incarnation`; `mail` counts from now on. No effect on a
/// closed reference.
void bind(const caf::actor& ref, const caf::actor& incarnation, const mail_policy& mail = {});

/// There is no incarnation for now: holds messages.
void unbind(const caf::actor& ref);

/// There is no incarnation and none is expected: refuses what is held and what comes, until the next bind.
void vacate(const caf::actor& ref);

/// Ends the reference for good.
void close(const caf::actor& ref, const caf::error& reason);

enum class ref_state : std::uint8_t { holding, bound, vacant, closed };

/// What a stable reference has seen so far.
struct stable_ref_stats {
  std::string name;
  ref_state state = ref_state::holding;
  std::uint64_t bindings = 0;     ///< incarnations so far
  std::size_t held = 0;           ///< messages waiting now
  std::uint64_t refused = 0;      ///< messages refused or dropped: over the bound, vacant, closed
  std::uint64_t lost = 0;         ///< messages that waited for an incarnation and went with it
  std::uint64_t quarantined = 0;  ///< messages that became dead letters, including those dropped since
};

/// A message that crashed its service too often.
struct dead_letter {
  std::uint64_t number = 0;   ///< counts the dead letters of its reference, from 1
  caf::message what;          ///< in the state in which its handler left it
  std::string reason;         ///< of the last crash
  std::uint32_t crashes = 0;  ///< that it brought in its last period
  instant at{};               ///< of the last crash
};

/// The dead letters of a reference, oldest first.
[[nodiscard]] std::vector<dead_letter> dead_letters(const caf::actor& ref);

/// Sends a dead letter to the service again, in nobody's name, as whoever asked has been answered. It counts
/// as a new message. False if there is none with this number.
bool resend_dead_letter(const caf::actor& ref, std::uint64_t number);

/// Forgets a dead letter. False if there is none with this number.
bool discard_dead_letter(const caf::actor& ref, std::uint64_t number);

[[nodiscard]] stable_ref_stats ref_stats(const caf::actor& ref);

[[nodiscard]] bool is_stable_ref(const caf::actor& handle) noexcept;

}  // namespace bulwark
