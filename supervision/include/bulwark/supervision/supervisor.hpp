// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <caf/message.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/core/event.hpp"
#include "bulwark/actors/stable_ref.hpp"
#include "bulwark/supervision/core/child_spec.hpp"
#include "bulwark/supervision/core/restart_rate.hpp"
#include "bulwark/supervision/recovery.hpp"

namespace bulwark {

/// What came of a start.
struct start_result {
  start_result() = default;
  start_result(caf::actor made) : handle{std::move(made)} {}  // NOLINT: most start functions give an actor
  start_result(caf::actor made, caf::message more) : handle{std::move(made)}, info{std::move(more)} {}

  /// There is nothing to serve: the child is down, and that is no failure.
  static start_result ignore() {
    start_result result;
    result.ignored = true;
    return result;
  }

  caf::actor handle;  ///< null: the start failed, unless it was ignored
  caf::message info;  ///< for whoever ordered the start
  bool ignored = false;
};

/// One child of a supervisor.
struct child {
  child_spec spec;
  /// A stable reference that follows the child: bound when it is ready, holding while it restarts, closed
  /// with the root. May be left empty.
  caf::actor ref{};
  /// Makes one incarnation; called in the supervisor's thread, so it must be quick. An exception or an empty
  /// handle is a failed start. `supervisor` is who to report readiness to; keep it no longer than the
  /// incarnation lives.
  std::function<start_result(caf::actor_system& system, const caf::actor& supervisor)> start{};
  /// The child sends `child_ready` to its supervisor when it serves; otherwise it serves once started.
  bool reports_ready = false;
  /// Called when the child is down and not to be restarted, `for_good` if it can never come back. May be left
  /// empty.
  std::function<void(bool for_good)> gone{};
  /// What its incarnations save and restore; its events are then told as those of this child. May be left
  /// empty. Not for the template of a pool, whose children would share it.
  recovery_ptr recovery{};
  /// For the template of a pool: gives each child a stable reference of its own, which comes with
  /// child_started and is closed when the child is gone. Without a name it is named after the child.
  std::optional<stable_ref_options> ref_of_each{};
  /// Instead of `start`, for the template of a pool whose children take arguments.
  std::function<start_result(caf::actor_system& system, const caf::actor& supervisor,
                             const caf::message& arguments)>
      start_with{};
};

/// Adds a child at the end and starts it; if that fails it is forgotten again. Answered by child_started once
/// it is ready, or by a supervision_error. Within one process only.
struct start_child {
  child what;
};

/// Replaces flags and children of a supervisor that runs, as OTP's code_change: specs and start functions of
/// children that exist count from now on, new ones are added but not started, those not named are kept.
/// Answered by ok_atom or supervision_error::invalid_spec, after which nothing has changed. Within one
/// process only.
struct change_supervisor {
  supervisor_flags flags;
  std::vector<child> children;
};

/// Empty if the child can be supervised, apart from its spec, else what is wrong.
[[nodiscard]] std::string validate(const child& one);

/// Checks flags and children together; empty if they can work, else what is wrong.
[[nodiscard]] std::string validate(const supervisor_flags& flags, const std::vector<child>& children);

struct supervisor_options {
  std::string name;  ///< id among its siblings, a part of the path of everything below; free for a root
  supervisor_flags flags{};
  std::vector<child> children{};
  /// Gets all events, before anybody who subscribes; a sub-supervisor without one uses that of its parent.
  event_sink sink{};
  caf::actor parent{};     ///< the supervisor that is this one's parent; empty for a root
  std::uint64_t seed = 1;  ///< for the jitter of delays
  /// For a root only: the pace of restarts in the whole tree. One that comes too soon is delayed; that costs
  /// no budget.
  std::optional<restart_rate_options> restart_rate{};
};

/// Spawns a supervisor and starts its children in their order.
///
/// It understands get_tree, kill_child, stop_tree, child_ready, subscribe_events and unsubscribe_events
/// (supervision/events.hpp), and OTP's start_child, terminate_child,
/// restart_child, delete_child, which_children, count_children and get_childspec (supervision/messages.hpp);
/// OTP's check_childspecs is validate(). It answers all of them at any time, but for those that wait for a
/// child to start or to stop. An exit_msg with any
/// reason but kill makes it stop its children in reverse order and end with that reason; if it is killed, its
/// children are killed as well. It ends by itself with `supervision_error::gave_up` when it gives up (see
/// supervisor_flags::gives_up_quietly for OTP's way), and with a shutdown reason when its significant
/// children have ended. It reports readiness to its parent when all its children are ready, and ends with its
/// parent. Keep the handle of a root: CAF destroys a supervisor nobody refers to. Throws
/// std::invalid_argument if the flags or specs are not valid.
[[nodiscard]] caf::actor spawn_supervisor(caf::actor_system& system, supervisor_options options);

/// A child that is a supervisor itself. `options.name` becomes its id; parent and sink are filled in.
/// The spec's type is supervisor, its shutdown infinity, as in OTP; change them in the result if need be.
[[nodiscard]] child supervisor_child(supervisor_options options);

/// The path of a supervisor from its root, "" for the root; "" also for an actor that is no supervisor.
/// Thread-safe.
[[nodiscard]] std::string supervisor_path(const caf::actor& supervisor);

}  // namespace bulwark

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::start_child)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::change_supervisor)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::child_spec)
