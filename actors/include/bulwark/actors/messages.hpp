// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/fwd.hpp>
#include <caf/make_message.hpp>
#include <caf/message.hpp>
#include <cstdint>
#include <string>

#include "bulwark/actors/compat.hpp"

namespace bulwark {

/// "I serve": what a child that reports readiness sends to its supervisor, once, in its own name.
struct child_ready {};

/// Why bulwark refused a message. Travels as a caf::error.
enum class service_error : std::uint8_t {
  none = 0,
  overloaded = 1,  ///< a bound is reached: messages held for a restarting child, or a queue
  no_worker = 2,   ///< a router without workers
  expired = 3,     ///< it waited too long for a worker
  poisoned = 4,    ///< each worker that got it ended, up to the cap
  /// It waited for an incarnation that ended first. It was not handled, so asking again is safe.
  not_handled = 5,
  /// Its node is not entitled to serve it any more: its life is over, or its name was given up or belongs to
  /// another. It was not handled, so asking again is safe.
  fenced = 6,
};

[[nodiscard]] std::string to_string(service_error error);

/// Bytes for a peer node or from it. Sent to the link of the peer to go out; comes in to the subscribers of
/// its channel.
struct peer_packet {
  std::uint32_t peer = 0;    ///< number of the node at the other end
  std::uint8_t channel = 0;  ///< 0 consensus, 1 heartbeats, 2 membership
  std::string bytes;
};

/// Sent to all subscribers of a link when the connection to its peer comes up or is lost.
struct peer_link_state {
  std::uint32_t peer = 0;
  bool up = false;
};

BULWARK_EMPTY_OBJECT(child_ready)
BULWARK_OBJECT(peer_packet, BULWARK_FIELD(peer), BULWARK_FIELD(channel), BULWARK_FIELD(bytes))
BULWARK_OBJECT(peer_link_state, BULWARK_FIELD(peer), BULWARK_FIELD(up))

}  // namespace bulwark

CAF_ERROR_CODE_ENUM(bulwark::service_error, "service")

CAF_BEGIN_TYPE_ID_BLOCK(bulwark_actors, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(bulwark_actors, (bulwark::child_ready))
CAF_ADD_TYPE_ID(bulwark_actors, (bulwark::service_error))
CAF_ADD_TYPE_ID(bulwark_actors, (bulwark::peer_packet))
CAF_ADD_TYPE_ID(bulwark_actors, (bulwark::peer_link_state))
CAF_END_TYPE_ID_BLOCK(bulwark_actors)

namespace bulwark {

/// Registers the message types of this library; call it before the actor system is made.
void add_actors_messages(caf::actor_system_config& config);

}  // namespace bulwark
