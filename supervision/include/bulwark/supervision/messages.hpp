// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <caf/make_message.hpp>
#include <caf/message.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "bulwark/actors/compat.hpp"
#include "bulwark/supervision/core/restart_plan.hpp"

namespace bulwark {

/// Asks a supervisor for its tree; answered by one `tree_node`, always: a sub-supervisor that does not answer
/// in time shows up without children, in state "silent".
struct get_tree {
  std::uint32_t deadline_ms = 500;  ///< for the whole answer
};

/// A supervisor or a worker, as people see it.
struct tree_node {
  std::string id;
  std::string kind;  ///< "supervisor" or "worker"
  std::string
      state;  ///< waiting, parked, starting, up, stopping, down; silent: a supervisor that does not answer
  std::uint64_t restarts = 0;
  std::string last_reason;      ///< why it ended last; empty if it never did
  std::uint64_t uptime_ms = 0;  ///< since ready; 0 if not up
  std::string strategy;         ///< of a supervisor; empty for a worker
  std::int64_t mailbox = -1;    ///< messages waiting; -1 if unknown
  std::vector<tree_node> children;
};

/// Asks a supervisor to kill a child, or a child of a child: "clients/session2". Answered by one
/// `kill_result`, always. What follows is up to the restart policy, as after any crash.
struct kill_child {
  std::string path;  ///< below the supervisor that is asked
  std::string base;  ///< where that one stands; empty when asking a root
};

struct kill_result {
  std::string killed;  ///< path from the root; empty if nothing was killed
  std::string error;   ///< what was wrong; empty if it was killed
};

/// Why a supervisor refused an order, or ended. Travels as a caf::error.
enum class supervision_error : std::uint8_t {
  none = 0,
  invalid_spec,        ///< the context says what is wrong
  not_found,           ///< there is no child with this id
  already_started,     ///< a child with this id exists and is not down
  already_present,     ///< a child with this id exists and is down
  running,             ///< it must be terminated first
  restarting,          ///< it is about to be started
  ending,              ///< the supervisor ends
  simple_one_for_one,  ///< not with this strategy, or only with it
  start_failed,        ///< the context says why
  gave_up,             ///< exit reason: too many restarts, a first start that failed, or an escalation
};

[[nodiscard]] std::string to_string(supervision_error error);

// -- children at run time, as in OTP: each is answered by a supervision_error, or as it says ----------------
// start_child, which adds one, stands in supervisor.hpp, as it stays within its process.

/// Adds a child to a simple_one_for_one supervisor. Answered by child_started once it is ready.
struct start_pool_child {
  caf::message arguments{};  ///< for child::start_with; kept for restarts unless the children are temporary
};

/// Stops a child and leaves it down; also cancels a restart that is due. Idempotent. Answered by ok_atom once
/// it is down.
struct terminate_child {
  std::string id;
};

/// Starts a child that is down. Answered by child_started once it is ready; if it fails it stays down.
struct restart_child {
  std::string id;
};

/// Forgets a child that is down. Answered by ok_atom.
struct delete_child {
  std::string id;
};

/// A child that was started by order.
struct child_started {
  std::string id;
  caf::actor handle;  ///< its stable reference if it has one, else the incarnation; null if it was ignored
  caf::message info;  ///< what its start function had to say beyond that
};

/// Answered by child_list, in start order.
struct which_children {};

struct child_info {
  std::string id;
  caf::actor handle;  ///< the incarnation; null if there is none
  std::string kind;   ///< "supervisor" or "worker"
  std::string state;  ///< as in tree_node
};

struct child_list {
  std::vector<child_info> children;
};

/// Answered by child_counts.
struct count_children {};

/// Answered by the child_spec; within one process only.
struct get_childspec {
  std::string id;
};

/// Stops a supervisor and everything below it within a time; who has not ended by then is abandoned. Answered
/// by stop_report just before it ends.
struct stop_tree {
  std::uint32_t within_ms = 5000;
};

/// Who was given up in a stop_tree, at whatever depth: paths from the root of the tree.
struct stop_report {
  std::vector<std::string> abandoned;
};

/// Tells a supervisor that a child went on after a failure, as its rules say. Private to bulwark.
struct failure_passed_over {
  std::string id;
  std::uint64_t generation = 0;
  std::string text;
  std::string category;
  std::int32_t code = 0;
};

/// The timer of a supervisor, private to it.
struct supervisor_tick {
  std::uint64_t number = 0;
};

BULWARK_OBJECT(get_tree, BULWARK_FIELD(deadline_ms))
BULWARK_OBJECT(tree_node, BULWARK_FIELD(id), BULWARK_FIELD(kind), BULWARK_FIELD(state),
               BULWARK_FIELD(restarts), BULWARK_FIELD(last_reason), BULWARK_FIELD(uptime_ms),
               BULWARK_FIELD(strategy), BULWARK_FIELD(mailbox), BULWARK_FIELD(children))
BULWARK_OBJECT(kill_child, BULWARK_FIELD(path), BULWARK_FIELD(base))
BULWARK_OBJECT(kill_result, BULWARK_FIELD(killed), BULWARK_FIELD(error))
BULWARK_OBJECT(supervisor_tick, BULWARK_FIELD(number))
BULWARK_OBJECT(start_pool_child, BULWARK_FIELD(arguments))
BULWARK_OBJECT(terminate_child, BULWARK_FIELD(id))
BULWARK_OBJECT(restart_child, BULWARK_FIELD(id))
BULWARK_OBJECT(delete_child, BULWARK_FIELD(id))
BULWARK_OBJECT(child_started, BULWARK_FIELD(id), BULWARK_FIELD(handle), BULWARK_FIELD(info))
BULWARK_EMPTY_OBJECT(which_children)
BULWARK_OBJECT(child_info, BULWARK_FIELD(id), BULWARK_FIELD(handle), BULWARK_FIELD(kind),
               BULWARK_FIELD(state))
BULWARK_OBJECT(child_list, BULWARK_FIELD(children))
BULWARK_EMPTY_OBJECT(count_children)
BULWARK_OBJECT(child_counts, BULWARK_FIELD(specs), BULWARK_FIELD(active), BULWARK_FIELD(supervisors),
               BULWARK_FIELD(workers))
BULWARK_OBJECT(get_childspec, BULWARK_FIELD(id))
BULWARK_OBJECT(stop_tree, BULWARK_FIELD(within_ms))
BULWARK_OBJECT(stop_report, BULWARK_FIELD(abandoned))
BULWARK_OBJECT(failure_passed_over, BULWARK_FIELD(id), BULWARK_FIELD(generation), BULWARK_FIELD(text),
               BULWARK_FIELD(category), BULWARK_FIELD(code))

/// The path below `root` of the only node with this id; empty if there is none or more than one.
[[nodiscard]] std::string find_path(const tree_node& root, const std::string& id);

}  // namespace bulwark

CAF_ERROR_CODE_ENUM(bulwark::supervision_error, "supervise")

CAF_BEGIN_TYPE_ID_BLOCK(bulwark_supervision, caf::first_custom_type_id + 50)
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::get_tree))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::tree_node))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::kill_child))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::kill_result))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::supervisor_tick))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::start_pool_child))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::terminate_child))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::restart_child))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::delete_child))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::child_started))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::which_children))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::child_info))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::child_list))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::count_children))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::child_counts))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::get_childspec))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::stop_tree))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::stop_report))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::failure_passed_over))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::supervision_error))
CAF_END_TYPE_ID_BLOCK(bulwark_supervision)

namespace bulwark {

/// Registers the message types of this library; call it before the actor system is made.
void add_supervision_messages(caf::actor_system_config& config);

}  // namespace bulwark
