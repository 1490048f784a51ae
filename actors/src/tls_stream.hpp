// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/io/all.hpp>
#include <memory>

#include "tls_endpoint.hpp"

namespace bulwark {

/// A TLS session, its handshake done, as a connection of CAF.
[[nodiscard]] caf::io::scribe_ptr make_tls_scribe(caf::actor_system& system,
                                                  std::unique_ptr<tls_session> session);

/// A door of CAF through which only those come whose certificate holds; their names are entered as guests.
/// `port` is that of the listener.
[[nodiscard]] caf::io::doorman_ptr make_tls_doorman(caf::actor_system& system, tcp_socket listener,
                                                    std::uint16_t port, std::shared_ptr<tls_endpoint> tls);

}  // namespace bulwark
