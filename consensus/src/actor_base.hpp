// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>

#include "bulwark/actors/own_turn.hpp"

namespace bulwark::consensus {

/// What the actors of this library have in common.
class actor_base : public prompt_actor {
 public:
  using prompt_actor::prompt_actor;

 protected:
  /// Leaves messages that the behavior does not know in the mailbox, for a later behavior.
  void keep_unknown_messages() { set_default_handler(caf::skip); }

  /// Back to what service_actor does with them.
  void refuse_unknown_messages() {
    set_default_handler([](caf::scheduled_actor* self, caf::message_view&) -> caf::result<caf::message> {
      if (self->current_message_id().is_request()) return caf::make_error(caf::sec::unexpected_message);
      return caf::delegated<caf::message>{};
    });
  }
};

}  // namespace bulwark::consensus
