// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/consensus/messages.hpp"

#include <caf/actor_system_config.hpp>

namespace bulwark::consensus {

void add_consensus_messages(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::bulwark_consensus>();
}

}  // namespace bulwark::consensus
