// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/fwd.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "bulwark/actors/compat.hpp"

namespace bulwark {

/// Asks a supervisor for its tree; answered by one `tree_node`, always: a sub-supervisor that does not answer
/// in time shows up without children, in state "silent".
struct get_tree {
  std::uint32_t deadline_ms = 500;  ///< for the whole answer
};

/// A supervisor or a worker, as people see it.
struct tree_node {
  std::string id;
  std::string kind;   ///< "supervisor" or "worker"
  std::string state;  ///< waiting, starting, up, stopping, down; silent: a supervisor that does not answer
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

/// The path below `root` of the only node with this id; empty if there is none or more than one.
[[nodiscard]] std::string find_path(const tree_node& root, const std::string& id);

}  // namespace bulwark

CAF_BEGIN_TYPE_ID_BLOCK(bulwark_supervision, caf::first_custom_type_id + 50)
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::get_tree))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::tree_node))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::kill_child))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::kill_result))
CAF_ADD_TYPE_ID(bulwark_supervision, (bulwark::supervisor_tick))
CAF_END_TYPE_ID_BLOCK(bulwark_supervision)

namespace bulwark {

/// Registers the message types of this library; call it before the actor system is made.
void add_supervision_messages(caf::actor_system_config& config);

}  // namespace bulwark
