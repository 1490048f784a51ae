// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "bulwark/supervision/core/membership_group.hpp"

namespace bulwark {

/// Asks the speaker of a group_port to say this to the group. Answered by group_answer, or by an error if
/// nobody can tell whether the group heard it.
struct group_order {
  group_command what;
};
struct group_answer {
  group_result result;
};

/// Asks the speaker whether the token holds the name: as of when it is asked, not from some replica's memory.
/// Answered by token_holds, or by an error.
struct token_question {
  std::string name;
  std::uint64_t token = 0;
};
struct token_holds {
  bool yes = false;
};

/// The replicated group as the actors of one node see it, however it is replicated.
struct group_port {
  /// The latest state that this node has seen; null if none. Any thread.
  std::function<std::shared_ptr<const membership_group>()> latest;
  /// The life in which this node is a member, or wants to be. Any thread.
  std::function<node_life()> life;
  caf::actor speaker;  ///< takes group_order and token_question; a stable reference
};

}  // namespace bulwark

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::group_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::group_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::token_question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::token_holds)
