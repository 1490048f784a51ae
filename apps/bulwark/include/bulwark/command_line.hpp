// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace bulwark {

/// Reads the command line, does what it says, shows failures, and returns the exit code of the program.
int run_command_line(int argc, char** argv);

}  // namespace bulwark
