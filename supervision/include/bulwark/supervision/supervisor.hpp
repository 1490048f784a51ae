// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bulwark/actors/core/event.hpp"
#include "bulwark/supervision/core/child_spec.hpp"

namespace bulwark {

/// One child of a supervisor.
struct child {
  child_spec spec;
  /// A stable reference that follows the child: bound when it is ready, holding while it restarts, closed
  /// with the root. May be left empty.
  caf::actor ref{};
  /// Makes one incarnation; called in the supervisor's thread, so it must be quick. An exception or an empty
  /// handle is a failed start. `supervisor` is who to report readiness to; keep it no longer than the
  /// incarnation lives.
  std::function<caf::actor(caf::actor_system& system, const caf::actor& supervisor)> start;
  /// The child sends `child_ready` to its supervisor when it serves; otherwise it serves once started.
  bool reports_ready = false;
  /// Called when the child is down and not to be restarted, `for_good` if it can never come back. May be left
  /// empty.
  std::function<void(bool for_good)> gone{};
};

struct supervisor_options {
  std::string name;  ///< id among its siblings, a part of the path of everything below; free for a root
  supervisor_flags flags{};
  std::vector<child> children{};
  event_sink sink{};       ///< gets all events; a sub-supervisor without one uses that of its parent
  caf::actor parent{};     ///< the supervisor that is this one's parent; empty for a root
  std::uint64_t seed = 1;  ///< for the jitter of delays
};

/// Spawns a supervisor and starts its children in their order.
///
/// It understands get_tree, kill_child (supervision/messages.hpp) and child_ready. An exit_msg with any
/// reason but kill makes it stop its children in reverse order and end with that reason; if it is killed, its
/// children are killed as well. It ends by itself with an orderly shutdown reason when it gives up, so a
/// transient supervisor is not restarted then (as in OTP). It reports readiness to its parent when all its
/// children are ready, and ends with its parent. Keep the handle of a root: CAF destroys a supervisor nobody
/// refers to. Throws std::invalid_argument if the flags or specs are not valid.
[[nodiscard]] caf::actor spawn_supervisor(caf::actor_system& system, supervisor_options options);

/// A child that is a supervisor itself. `options.name` becomes its id; parent and sink are filled in.
/// The spec's type is supervisor, its shutdown infinity, as in OTP; change them in the result if need be.
[[nodiscard]] child supervisor_child(supervisor_options options);

/// The path of a supervisor from its root, "" for the root; "" also for an actor that is no supervisor.
/// Thread-safe.
[[nodiscard]] std::string supervisor_path(const caf::actor& supervisor);

}  // namespace bulwark
