// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace bulwark {

/// The program `bulwark node`: runs one node in the foreground until SIGTERM or SIGINT.
///
/// Prints `ready id=n1 resp=HOST:PORT listen=HOST:PORT` on standard output once clients are served; logs go
/// to standard error. The first signal drains and ends with 0, a second one ends at once with 128 + its
/// number. Other exit codes: 2 for options that cannot work, 70 when the node's supervisor gave up, 73 when
/// the data directory cannot be used, 74 when a port cannot be listened on. Call it on the main thread,
/// before the process has others.
int run_node(int argc, char** argv);

}  // namespace bulwark
