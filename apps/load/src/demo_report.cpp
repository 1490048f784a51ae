// SPDX-License-Identifier: BSD-3-Clause
#include "demo_report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace bulwark::load {

namespace {

double milliseconds(duration length) { return std::chrono::duration<double, std::milli>(length).count(); }

std::string as_text(const std::optional<duration>& length) {
  if (!length) return "never";
  char text[32];
  const auto ms = milliseconds(*length);
  std::snprintf(text, sizeof text, ms < 10 ? "%.1f ms" : "%.0f ms", ms);
  return text;
}

/// From detection to recovery.
std::optional<duration> recovery(const fault_row& row) {
  if (!row.detected || !row.recovered) return std::nullopt;
  return *row.recovered - *row.detected;
}

std::string line(const std::string& what, const std::string& detected, const std::string& recovery_time,
                 const std::string& restart, const std::string& stopped, const load_totals& totals) {
  char text[256];
  std::snprintf(text, sizeof text, "%-52s %9s %9s %9s %9s %8llu %8llu %8llu %5llu\n", what.c_str(),
                detected.c_str(), recovery_time.c_str(), restart.c_str(), stopped.c_str(),
                static_cast<unsigned long long>(totals.done), static_cast<unsigned long long>(totals.refused),
                static_cast<unsigned long long>(totals.unknown),
                static_cast<unsigned long long>(totals.lost));
  return text;
}

nlohmann::json as_json(const std::optional<duration>& length) {
  if (!length) return nullptr;
  return milliseconds(*length);
}

nlohmann::json as_json(const load_totals& totals) {
  return {{"done", totals.done}, {"refused", totals.refused},      {"unknown", totals.unknown},
          {"lost", totals.lost}, {"stale", totals.stale},          {"phantom", totals.phantom},
          {"torn", totals.torn}, {"unexpected", totals.unexpected}};
}

}  // namespace

bool demo_report::ok() const {
  const bool survived =
      std::all_of(rows.begin(), rows.end(), [](const auto& row) { return row.recovered.has_value(); });
  return survived && total.clean() && last_audit.unverified == 0;
}

std::string to_table(const demo_report& report) {
  char text[256];
  std::snprintf(text, sizeof text, "%-52s %9s %9s %9s %9s %8s %8s %8s %5s\n", "FAULT", "T_FAIL", "T_RECOVER",
                "T_RESTART", "NO WRITES", "DONE", "REFUSED", "UNKNOWN", "LOST");
  std::string table = text;
  for (const auto& row : report.rows) {
    table += line(row.name + " (" + row.victim + ")", as_text(row.detected), as_text(recovery(row)),
                  as_text(row.recovered), as_text(row.writes_stopped), row.operations);
  }
  table += line("all, with the time between faults", "", "", "", "", report.total);
  table +=
      "T_FAIL: from the fault until it was noticed.  T_RECOVER: from then until all was well again.  "
      "T_RESTART: the sum.\n"
      "NO WRITES: the longest time in which no write was acknowledged.  A paused leader has recovered when "
      "another leads.\n";
  std::snprintf(
      text, sizeof text,
      "Writes took %s in the median, %s at the 99th percentile. %zu keys were read back in the end.\n",
      as_text(report.write_p50).c_str(), as_text(report.write_p99).c_str(), report.last_audit.verified);
  table += text;
  for (const auto& finding : report.findings) table += "  " + finding + "\n";
  if (report.last_audit.unverified > 0) {
    table += std::to_string(report.last_audit.unverified) + " keys could not be read back.\n";
  }
  table += report.ok() ? "Everything acknowledged is there.\n" : "NOT ALL IS WELL: see above.\n";
  return table;
}

std::string to_json(const demo_report& report) {
  auto faults = nlohmann::json::array();
  for (const auto& row : report.rows) {
    auto entry = as_json(row.operations);
    entry["fault"] = row.name;
    entry["victim"] = row.victim;
    entry["detected_ms"] = as_json(row.detected);
    entry["recovery_ms"] = as_json(recovery(row));
    entry["restart_ms"] = as_json(row.recovered);
    entry["no_writes_ms"] = milliseconds(row.writes_stopped);
    faults.push_back(std::move(entry));
  }
  const nlohmann::json json = {
      {"ok", report.ok()},
      {"nodes", report.nodes},
      {"faults", std::move(faults)},
      {"total", as_json(report.total)},
      {"keys_verified", report.last_audit.verified},
      {"keys_unverified", report.last_audit.unverified},
      {"write_ms", {{"p50", milliseconds(report.write_p50)}, {"p99", milliseconds(report.write_p99)}}},
      {"findings", report.findings}};
  return json.dump(2) + "\n";
}

}  // namespace bulwark::load
