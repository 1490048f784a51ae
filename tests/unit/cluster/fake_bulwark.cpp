// SPDX-License-Identifier: BSD-3-Clause
// The program bulwark with its own command line and launcher, but with nodes that only seem to be some.
#include <cstring>

#include "bulwark/command_line.hpp"
#include "fake_node.hpp"

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "node") == 0) return fake_node(argc, argv);
  return bulwark::run_command_line(argc, argv);
}
