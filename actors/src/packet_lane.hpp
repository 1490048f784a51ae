// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/all.hpp>
#include <cstdint>
#include <memory>

#include "link_messages.hpp"
#include "shared_output.hpp"

namespace bulwark {

/// Brings packets of a link to its other end past CAF's actor for connections: they go to the socket in the
/// thread that has them, as the messages of CAF that they would have been. Else the thread of the network
/// would have to be woken for each.
///
/// Thread-safe.
class packet_lane {
 public:
  packet_lane(std::shared_ptr<shared_output> output, const caf::actor& from, const caf::actor& to)
      : system_{from->home_system()}, output_{std::move(output)}, from_{from.id()}, to_{to.id()} {}

  /// False: the connection is over, and nothing was sent.
  bool send(wire::packet packet) const;

 private:
  caf::actor_system& system_;
  const std::shared_ptr<shared_output> output_;
  const caf::actor_id from_;
  const caf::actor_id to_;
};

/// To the link that looked for one. None: there is no connection, or it belongs to one thread alone, as with
/// TLS.
struct lane_found {
  std::uint64_t session = 0;
  std::shared_ptr<const packet_lane> lane;
};

/// Sends `link` a lane_found once all that `link` has sent to `remote` so far is on its way, so that what
/// goes by the lane is behind it.
void find_lane(const caf::actor& link, const caf::actor& remote, std::uint64_t session);

}  // namespace bulwark

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bulwark::lane_found)
