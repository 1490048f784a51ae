// SPDX-License-Identifier: BSD-3-Clause
// bulwark-supervision-bench: how fast supervisors start, restart and stop children, and what that costs in
// memory. One JSON object per line and measure.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <caf/all.hpp>
#include <string>
#include <vector>

#include "bulwark/actors/node_config.hpp"
#include "bulwark/supervision/messages.hpp"
#include "supervision_measures.hpp"

int main(int argc, char** argv) {
  using namespace bulwark;
  bench::effort effort;
  std::vector<std::string> what = {"latency", "storm", "children", "groups", "reference"};
  CLI::App app{"Measures supervisors on this machine.", "bulwark-supervision-bench"};
  app.add_option("--what", what, "latency, storm, children, groups, reference, separated by commas")
      ->delimiter(',')
      ->check(CLI::IsMember({"latency", "storm", "children", "groups", "reference"}));
  app.add_option("--repetitions", effort.repetitions, "of each measure")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--crashes", effort.crashes, "that are timed one by one")
      ->capture_default_str()
      ->check(CLI::Range(10, 1'000'000));
  app.add_option("--children", effort.many, "of the large trees")
      ->capture_default_str()
      ->check(CLI::Range(1000, 1'000'000));
  app.add_option("--storm", effort.storm_max, "restarts of the longest storm")
      ->capture_default_str()
      ->check(CLI::Range(200, 1'000'000));
  CLI11_PARSE(app, argc, argv);

  node_config config;  // measured as a node runs
  add_supervision_messages(config);
  caf::actor_system system{config};
  const auto wants = [&what](const char* name) { return std::ranges::find(what, name) != what.end(); };
  if (wants("latency")) bench::measure_latency(system, effort);
  if (wants("storm")) bench::measure_storm(system, effort);
  if (wants("children")) bench::measure_children(system, effort);
  if (wants("groups")) bench::measure_groups(system, effort);
  if (wants("reference")) bench::measure_reference(system, effort);
}
