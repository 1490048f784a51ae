// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// A process that behaves like a node as far as a launcher can see: it prints its ready line, answers
/// `status`, `tree` and `kill` on its control socket, ends on SIGTERM. n1 leads. Files in its cluster's
/// directory make it misbehave: `nX.crash` it exits with code 70 at its start, `nX.mute` it never gets ready,
/// `nX.stubborn` it ignores SIGTERM.
int fake_node(int argc, char** argv);
