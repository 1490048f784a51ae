// SPDX-License-Identifier: BSD-3-Clause
#include "report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace bulwark::bench {

namespace {

double least(const std::vector<double>& values) {
  return values.empty() ? 0 : *std::min_element(values.begin(), values.end());
}

double greatest(const std::vector<double>& values) {
  return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
}

nlohmann::json spread(const std::vector<double>& values) {
  return {{"median", median(values)}, {"min", least(values)}, {"max", greatest(values)}, {"rounds", values}};
}

std::string line_of(const char* strike, const failovers& what) {
  if (what.ms.empty() && what.missed == 0) return {};
  char line[160];
  std::snprintf(line, sizeof line,
                "failover, %s of the leader to the first write: %.0f ms (%.0f..%.0f), %zu rounds", strike,
                median(what.ms), least(what.ms), greatest(what.ms), what.ms.size());
  std::string text = line;
  if (what.missed > 0) text += ", " + std::to_string(what.missed) + " WITHOUT A WRITE IN TIME";
  return text + "\n";
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string to_table(const report& result) {
  std::string table = result.target + "\n";
  char line[160];
  if (!result.points.empty()) {
    std::snprintf(line, sizeof line, "%-5s %8s %10s %21s %9s %9s %7s\n", "WORK", "CLIENTS", "OP/S",
                  "(MIN..MAX)", "P50 MS", "P99 MS", "ERRORS");
    table += line;
  }
  for (const auto& each : result.points) {
    char range[40];
    std::snprintf(range, sizeof range, "(%.0f..%.0f)", least(each.rates), greatest(each.rates));
    std::snprintf(line, sizeof line, "%-5s %8zu %10.0f %21s %9.3f %9.3f %7llu\n", to_string(each.kind),
                  each.clients, median(each.rates), range, median(each.p50_ms), median(each.p99_ms),
                  static_cast<unsigned long long>(each.errors));
    table += line;
  }
  return table + line_of("kill -9", result.killed) + line_of("SIGSTOP", result.paused);
}

std::string to_json(const report& result) {
  nlohmann::json json = {{"target", result.target}, {"points", nlohmann::json::array()}};
  for (const auto& each : result.points) {
    json["points"].push_back({{"work", to_string(each.kind)},
                              {"clients", each.clients},
                              {"rate", spread(each.rates)},
                              {"p50_ms", spread(each.p50_ms)},
                              {"p99_ms", spread(each.p99_ms)},
                              {"errors", each.errors}});
  }
  if (!result.killed.ms.empty()) json["failover_ms"] = spread(result.killed.ms);
  if (result.killed.missed > 0) json["failovers_missed"] = result.killed.missed;
  if (!result.paused.ms.empty()) json["pause_failover_ms"] = spread(result.paused.ms);
  if (result.paused.missed > 0) json["pause_failovers_missed"] = result.paused.missed;
  return json.dump(2) + "\n";
}

}  // namespace bulwark::bench
