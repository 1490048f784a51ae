// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/error.hpp>
#include <caf/fwd.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

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
/// Messages in the mailbox of a child that dies are lost, as in CAF: requests among them get
/// `sec::request_receiver_down`. The last handle that goes away closes the reference. All functions are
/// thread-safe; a handle that is no stable reference is a broken invariant.
[[nodiscard]] caf::actor make_stable_ref(caf::actor_system& system, stable_ref_options options = {});

/// Passes what is held, then everything else, to `incarnation`. No effect on a closed reference.
void bind(const caf::actor& ref, const caf::actor& incarnation);

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
  std::uint64_t bindings = 0;  ///< incarnations so far
  std::size_t held = 0;        ///< messages waiting now
  std::uint64_t refused = 0;   ///< messages refused or dropped: over the bound, vacant, closed
};

[[nodiscard]] stable_ref_stats ref_stats(const caf::actor& ref);

[[nodiscard]] bool is_stable_ref(const caf::actor& handle) noexcept;

}  // namespace bulwark
