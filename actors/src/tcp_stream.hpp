// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <caf/io/all.hpp>
#include <memory>

#include "shared_output.hpp"
#include "tcp_dial.hpp"

namespace bulwark {

/// A connection of CAF that takes fewer system calls than CAF's own: it reads ahead, and writes what the
/// actors of one turn have to say at once, without asking first whether there is room.
[[nodiscard]] caf::io::scribe_ptr make_tcp_scribe(caf::actor_system& system, tcp_socket socket);

/// A door of CAF to such connections.
[[nodiscard]] caf::io::doorman_ptr make_tcp_doorman(caf::actor_system& system, tcp_socket listener);

/// What goes out by such a connection; none if it is of another kind, or over. For the network's thread.
[[nodiscard]] std::shared_ptr<shared_output> output_of(caf::io::connection_handle connection);

}  // namespace bulwark
