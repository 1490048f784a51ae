// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>

namespace bulwark::kv {

/// Messages that nobody foresaw harm no actor: requests get an error, the rest is dropped. CAF's own handlers
/// would end the actor, or print the message, which may hold what belongs to users.
inline void ignore_the_unexpected(caf::scheduled_actor& self) {
  self.set_error_handler([](caf::scheduled_actor*, caf::error&) {});
  self.set_default_handler([](caf::scheduled_actor* me, caf::message_view&) -> caf::result<caf::message> {
    if (me->current_message_id().is_request()) return caf::make_error(caf::sec::unexpected_message);
    return caf::delegated<caf::message>{};
  });
}

}  // namespace bulwark::kv
