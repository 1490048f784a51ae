// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace bulwark::load {

struct demo_options {
  unsigned nodes = 5;
  std::size_t clients = 16;
  double seconds = 40;  ///< of load, without start and stop; a slow recovery adds to it
  bool keep = false;
  bool json = false;
};

/// Either options or, if there is nothing to run, the exit code to end with; help and errors are printed.
struct parsed_demo_options {
  demo_options options;
  std::optional<int> exit_code{};
};

parsed_demo_options parse_demo_options(int argc, char** argv);

}  // namespace bulwark::load
