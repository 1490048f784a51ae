// SPDX-License-Identifier: BSD-3-Clause
// bulwark-router-bench: what routing costs, and what it brings, against CAF's own ways and among the
// policies. Prints tables; --csv and --svg write every value and a plot. Ends with 0 if it ran, whatever it
// measured.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <caf/all.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "bulwark/actors/node_config.hpp"
#include "router_bench.hpp"

int main(int argc, char** argv) {
  using namespace bulwark;
  const std::vector<std::string> all = {"S1", "S2", "S3", "S4", "S5", "S6"};
  auto what = all;
  bench::router_effort effort;
  std::string csv, svg;
  CLI::App app{"Measures routers on this machine.", "bulwark-router-bench"};
  app.add_option("--what", what, "overhead S1, uniform S2, slow worker S3, churn S4, overload S5, stale S6")
      ->delimiter(',')
      ->check(CLI::IsMember(all));
  app.add_option("--runs", effort.runs, "of each measure, interleaved")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--seconds", effort.seconds, "of offered load, per run")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 3600.0));
  app.add_option("--messages", effort.messages, "of one measure of overhead")
      ->capture_default_str()
      ->check(CLI::Range(1000, 100'000'000));
  app.add_option("--csv", csv, "file for all values");
  app.add_option("--svg", svg, "file for the plot of S2, S3 and S6");
  CLI11_PARSE(app, argc, argv);

  node_config config;  // measured as a node runs
  caf::actor_system system{config};
  bench::router_results results;
  const auto wants = [&what](const char* name) { return std::ranges::find(what, name) != what.end(); };
  if (wants("S1")) bench::measure_overhead(system, effort, results);
  if (wants("S2")) bench::measure_uniform(system, effort, results);
  if (wants("S3")) bench::measure_slow(system, effort, results);
  if (wants("S4")) bench::measure_churn(system, effort, results);
  if (wants("S5")) bench::measure_overload(system, effort, results);
  if (wants("S6")) bench::measure_stale(system, effort, results);
  results.print();
  try {
    if (!csv.empty()) results.write_csv(csv);
    if (!svg.empty()) results.write_svg(svg);
  } catch (const std::exception& problem) {
    std::cerr << "bulwark-router-bench: " << problem.what() << '\n';
    return 1;
  }
}
