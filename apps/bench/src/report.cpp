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

std::string line_of(const char* strike, const detections& what) {
  if (what.ms.empty() && what.missed == 0) return {};
  char line[160];
  std::snprintf(line, sizeof line,
                "detection, %s to the word of each other node: %.1f ms (%.1f..%.1f), %zu words", strike,
                median(what.ms), least(what.ms), greatest(what.ms), what.ms.size());
  std::string text = line;
  if (what.missed > 0) text += ", " + std::to_string(what.missed) + " NOT SAID IN TIME";
  return text + "\n";
}

std::string table_of(const quiet_load& seen) {
  char line[200];
  std::snprintf(line, sizeof line,
                "quiet-load, %.0f s, %u busy threads, %zu clients at all nodes: %llu puts, %llu errors, %llu "
                "elections, %zu suspicions\n",
                seen.seconds, seen.busy_threads, seen.clients, static_cast<unsigned long long>(seen.puts),
                static_cast<unsigned long long>(seen.errors), static_cast<unsigned long long>(seen.elections),
                seen.suspicions);
  std::string table = line;
  for (const auto& each : seen.which) table += "  " + each + "\n";
  return table;
}

double milliseconds_of(duration length) { return std::chrono::duration<double, std::milli>(length).count(); }

nlohmann::json quantiles(const load::latency_histogram& of, double seconds) {
  return {{"seconds", seconds},
          {"puts", of.count()},
          {"p50_ms", milliseconds_of(of.quantile(0.5))},
          {"p99_ms", milliseconds_of(of.quantile(0.99))},
          {"p999_ms", milliseconds_of(of.quantile(0.999))},
          {"max_ms", milliseconds_of(of.max())}};
}

std::string line_of_latencies(const char* what, const load::latency_histogram& of, double seconds) {
  char line[160];
  std::snprintf(line, sizeof line, "%-18s %8.1f %10llu %9.3f %9.3f %9.3f %9.1f\n", what, seconds,
                static_cast<unsigned long long>(of.count()), milliseconds_of(of.quantile(0.5)),
                milliseconds_of(of.quantile(0.99)), milliseconds_of(of.quantile(0.999)),
                milliseconds_of(of.max()));
  return line;
}

std::string table_of(const snapshot_pauses& seen) {
  char line[160];
  std::snprintf(line, sizeof line, "%zu snapshots of %.0f MiB at the leader, %llu errors\n", seen.snapshots,
                static_cast<double>(seen.bytes) / (1u << 20), static_cast<unsigned long long>(seen.errors));
  std::string table = line;
  std::snprintf(line, sizeof line, "%-18s %8s %10s %9s %9s %9s %9s\n", "PUTS", "SECONDS", "COUNT", "P50 MS",
                "P99 MS", "P99.9 MS", "MAX MS");
  table += line;
  table += line_of_latencies("without a snapshot", seen.without, seen.seconds);
  table += line_of_latencies("during one", seen.during, seen.seconds_apart);
  const auto before = milliseconds_of(seen.without.quantile(0.99));
  std::snprintf(line, sizeof line, "p99 during one: %.2f x\n",
                before > 0 ? milliseconds_of(seen.during.quantile(0.99)) / before : 0.0);
  return table + line;
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

bool is_good(const report& result) {
  const auto missed =
      result.killed.missed + result.paused.missed + result.crashes.missed + result.stops.missed;
  return missed == 0 && (!result.quiet || result.quiet->suspicions + result.quiet->elections == 0);
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
  table += line_of("kill -9", result.killed) + line_of("SIGSTOP", result.paused);
  table += line_of("kill -9", result.crashes) + line_of("SIGSTOP", result.stops);
  if (result.quiet) table += table_of(*result.quiet);
  if (result.snapshots) table += table_of(*result.snapshots);
  return table;
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
  if (!result.crashes.ms.empty()) json["crash_detection_ms"] = spread(result.crashes.ms);
  if (!result.stops.ms.empty()) json["stop_detection_ms"] = spread(result.stops.ms);
  if (const auto missed = result.crashes.missed + result.stops.missed; missed > 0)
    json["detections_missed"] = missed;
  if (const auto& seen = result.quiet)
    json["quiet_load"] = {{"seconds", seen->seconds},      {"busy_threads", seen->busy_threads},
                          {"clients", seen->clients},      {"puts", seen->puts},
                          {"errors", seen->errors},        {"elections", seen->elections},
                          {"suspicions", seen->suspicions}};
  if (const auto& seen = result.snapshots)
    json["snapshots"] = {{"count", seen->snapshots},
                         {"bytes", seen->bytes},
                         {"errors", seen->errors},
                         {"without", quantiles(seen->without, seen->seconds)},
                         {"during", quantiles(seen->during, seen->seconds_apart)}};
  return json.dump(2) + "\n";
}

}  // namespace bulwark::bench
