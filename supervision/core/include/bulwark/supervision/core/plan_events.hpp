// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "bulwark/actors/core/event.hpp"
#include "bulwark/actors/core/exit_status.hpp"
#include "bulwark/supervision/core/child_spec.hpp"

namespace bulwark::plan {

// -- events: what happened ------------------------------------------------------------------------

/// Start the children, in their order, each one ready before the next. Given once, first.
struct start_all {};

/// The incarnation serves.
struct child_ready {
  std::string id;
  std::uint64_t generation = 0;
};

/// The start came to nothing and there is no incarnation.
struct start_failed {
  std::string id;
  std::uint64_t generation = 0;
  std::string reason;
};

/// The start came to nothing by intent: there is nothing to serve, and no incarnation. No failure.
struct start_ignored {
  std::string id;
  std::uint64_t generation = 0;
};

/// The incarnation failed on a message and goes on, as the rules of its spec say.
struct child_resumed {
  std::string id;
  std::uint64_t generation = 0;
  exit_status reason;
};

/// A message that crashed the incarnation was set aside, as its mail policy says. Told before child_exited.
struct message_quarantined {
  std::string id;
  std::uint64_t generation = 0;
  exit_status reason;
};

/// The answer to check_progress. `count` grows by one when a message is taken and when it is done with, so
/// that it is odd within a message.
struct progress_seen {
  std::string id;
  std::uint64_t generation = 0;
  std::uint64_t count = 0;
};

/// The incarnation ended, asked to or not.
struct child_exited {
  std::string id;
  std::uint64_t generation = 0;
  exit_status reason;
};

/// An incarnation below a sub-supervisor that was killed, and with it; nobody else waits for it. Counts while
/// the plan ends within a time only: it ends when this one has, too, or abandons it at the end of the time.
struct orphaned {
  std::string path;  ///< below this supervisor: "sub/worker"
};

/// That one ended.
struct orphan_ended {
  std::string path;
};

/// Stop the children in reverse order, then end.
struct stop_all {
  /// For all of it: who has not ended when three quarters have passed is killed, who is left at the end is
  /// abandoned. Nothing: each child has the time that its spec gives.
  std::optional<duration> within{};
};

/// Stop this child and leave it down. Idempotent; also cancels a restart that is due.
struct terminate {
  std::string id;
};

/// Stop this child if it is up, and start it again. Free of charge.
struct restart {
  std::string id;
};

/// Time passed.
struct tick {};

using event =
    std::variant<start_all, child_ready, start_failed, start_ignored, child_resumed, message_quarantined,
                 progress_seen, child_exited, orphaned, orphan_ended, stop_all, terminate, restart, tick>;

// -- effects: what to do, in their order ----------------------------------------------------------

/// Start an incarnation; answer with child_ready, start_failed or child_exited of this generation.
struct start_child {
  std::string id;
  std::uint64_t generation = 0;
  friend bool operator==(const start_child&, const start_child&) = default;
};

/// Ask the incarnation to end (an exit message, SIGTERM); answer with child_exited once it did.
struct stop_child {
  std::string id;
  std::uint64_t generation = 0;
  shutdown_policy shutdown;
  std::optional<duration> within{};  ///< time left for a whole subtree; nothing: no such limit
  friend bool operator==(const stop_child&, const stop_child&) = default;
};

/// End the incarnation by force (a kill message, SIGKILL): its policy says so, or its time is over.
struct kill_child {
  std::string id;
  std::uint64_t generation = 0;
  friend bool operator==(const kill_child&, const kill_child&) = default;
};

/// The incarnation outlived the kill. The plan goes on without it and ignores whatever it still does; fence
/// it.
struct abandoned {
  std::string id;                ///< of an orphan: its path
  std::uint64_t generation = 0;  ///< of an orphan: 0
  friend bool operator==(const abandoned&, const abandoned&) = default;
};

/// Look how far the incarnation has come; answer with progress_seen, or not at all if it cannot be seen.
struct check_progress {
  std::string id;
  std::uint64_t generation = 0;
  friend bool operator==(const check_progress&, const check_progress&) = default;
};

/// The child is down and stays down unless told otherwise. `dropped`: its spec is gone as well.
struct child_gone {
  std::string id;
  bool dropped = false;
  friend bool operator==(const child_gone&, const child_gone&) = default;
};

/// Tell the world. `path` is the id of the child, empty for the supervisor itself.
struct publish {
  supervision_event what;
  friend bool operator==(const publish&, const publish&) = default;
};

/// All children of start_all are ready. Once.
struct all_ready {
  friend bool operator==(const all_ready&, const all_ready&) = default;
};

/// The end: all children are down, because there were too many restarts, a first start failed or a failure
/// was to be escalated.
struct gave_up {
  std::string reason;
  friend bool operator==(const gave_up&, const gave_up&) = default;
};

/// The end: all children are down, as asked, or as the end of significant children demands.
struct stopped {
  std::string reason{};  ///< empty: as asked
  friend bool operator==(const stopped&, const stopped&) = default;
};

using effect = std::variant<start_child, stop_child, kill_child, abandoned, check_progress, child_gone,
                            publish, all_ready, gave_up, stopped>;

}  // namespace bulwark::plan
