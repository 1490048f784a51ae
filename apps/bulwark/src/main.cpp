// SPDX-License-Identifier: BSD-3-Clause
// The program: `bulwark COMMAND`. `node` and `demo` read their own command lines; the rest is read here and
// done by the cluster library.
#include <cstring>

#include "bulwark/command_line.hpp"
#include "bulwark/load/demo.hpp"
#include "bulwark/node/run_node.hpp"

int main(int argc, char** argv) {
  using namespace bulwark;
  if (argc > 1 && std::strcmp(argv[1], "node") == 0) return run_node(argc - 1, argv + 1);
  if (argc > 1 && std::strcmp(argv[1], "demo") == 0) return run_demo(argc - 1, argv + 1);
  return run_command_line(argc, argv);
}
