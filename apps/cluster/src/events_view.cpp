// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/events_view.hpp"

#include <cstdio>

#include "bulwark/cluster/table.hpp"
#include "json_fields.hpp"

namespace bulwark::cluster {

namespace {

/// Those that a reader looks for.
bool is_trouble(const std::string& kind) {
  return kind != "started" && kind != "ready" && kind != "stopped" && kind != "restarted";
}

std::string with_unit(double number, const char* unit) {
  char text[48];
  std::snprintf(text, sizeof text, "%.1f %s", number, unit);
  return text;
}

std::string padded_right(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string padded_left(const std::string& text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

}  // namespace

std::string event_line(std::string_view told, const std::string& node, bool colour) {
  const auto event = parse_object(told);
  const auto kind = field<std::string>(event, "kind").value_or("?");
  const auto ago = field<double>(event, "ago_ms").value_or(0);
  const auto path = field<std::string>(event, "path").value_or("");
  auto line = node + "  " + tinted(padded_left(with_unit(ago / 1000, "s ago"), 13), tint::dim, colour) +
              "  " + tinted(padded_right(kind, 12), is_trouble(kind) ? tint::warn : tint::good, colour) +
              "  " + (path.empty() ? "the root" : path);
  if (const auto generation = field<std::uint64_t>(event, "generation"); generation.value_or(0) > 0)
    line += "  generation " + std::to_string(*generation);
  if (const auto took = field<double>(event, "t_restart_ms")) line += "  T_restart " + with_unit(*took, "ms");
  if (const auto ends = field<std::uint64_t>(event, "ends")) line += "  " + std::to_string(*ends) + " ends";
  if (const auto reason = event.find("reason"); reason != event.end())
    if (const auto text = field<std::string>(*reason, "text"); text && !text->empty())
      line += tinted("  ← " + *text, tint::dim, colour);
  return line;
}

}  // namespace bulwark::cluster
