// SPDX-License-Identifier: BSD-3-Clause
#include "demo_options.hpp"

#include <CLI/CLI.hpp>

namespace bulwark::load {

parsed_demo_options parse_demo_options(int argc, char** argv) {
  demo_options options;
  std::string output = "table";
  CLI::App app(
      "Starts a cluster, writes to it, breaks one thing after the other, and checks that nothing is lost.",
      "bulwark demo");
  app.add_option("--nodes", options.nodes, "of the cluster")->capture_default_str()->check(CLI::Range(3, 9));
  app.add_option("--clients", options.clients, "that write at the same time")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  app.add_option("--seconds", options.seconds, "how long to write, in all")
      ->capture_default_str()
      ->check(CLI::Range(5.0, 3600.0));
  app.add_flag("--keep", options.keep, "leave the cluster's directory (data and logs) in place");
  app.add_option("-o,--output", output, "table or json")->check(CLI::IsMember({"table", "json"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return {.options = options, .exit_code = app.exit(error) == 0 ? 0 : 2};
  }
  options.json = output == "json";
  return {.options = options};
}

}  // namespace bulwark::load
