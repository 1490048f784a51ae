// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace bulwark {

/// The command `bulwark demo`: starts a cluster of its own with this very program, drives a checked load,
/// breaks one thing after the other, and prints what happened. `argv[0]` is the command's name.
///
/// Returns 0 if every fault was survived and nothing was lost; 1 if something was, or the cluster did not
/// recover; 2 for a bad command line; 130 if interrupted. Whatever happens, the cluster is stopped and its
/// directory removed (unless told to keep it). Call it from the main thread: it installs signal handlers
/// while it runs.
int run_demo(int argc, char** argv);

}  // namespace bulwark
