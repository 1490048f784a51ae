// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/message_id.hpp>

namespace bulwark {

/// A message of the router for which a service_actor keeps the tally says so by its id, so that it needs no
/// memory of its own: the id is that of an answered response to no request, which CAF gives to nothing.
/// Others can forge it, as ids come over the wire; service_actor::enqueue takes it off what it was not told
/// of.
[[nodiscard]] constexpr bool is_tallied(caf::message_id mid) noexcept {
  constexpr auto flags = caf::message_id::response_flag_mask | caf::message_id::answered_flag_mask;
  return (mid.integer_value() & (flags | caf::message_id::request_id_mask)) == flags;
}

/// Of an asynchronous message; it keeps its priority.
[[nodiscard]] constexpr caf::message_id as_tallied(caf::message_id mid) noexcept {
  return caf::message_id{mid.integer_value() | caf::message_id::response_flag_mask |
                         caf::message_id::answered_flag_mask};
}

/// What it was before.
[[nodiscard]] constexpr caf::message_id not_tallied(caf::message_id mid) noexcept {
  return caf::message_id{mid.integer_value() & caf::message_id::category_flag_mask};
}

}  // namespace bulwark
