// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>

namespace bulwark::consensus {

/// What the actors of this library have in common: nothing that someone sends them by mistake ends them.
class actor_base : public caf::event_based_actor {
 public:
  explicit actor_base(caf::actor_config& config) : caf::event_based_actor{config} {
    set_error_handler([](caf::scheduled_actor*, caf::error&) {});
    refuse_unknown_messages();
  }

 protected:
  void refuse_unknown_messages() {
    set_default_handler([](caf::scheduled_actor* self, caf::message_view&) -> caf::result<caf::message> {
      if (self->current_message_id().is_request()) return caf::make_error(caf::sec::unexpected_message);
      return caf::delegated<caf::message>{};
    });
  }
};

}  // namespace bulwark::consensus
