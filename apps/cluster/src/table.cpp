// SPDX-License-Identifier: BSD-3-Clause
#include "bulwark/cluster/table.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "bulwark/actors/core/invariant.hpp"

namespace bulwark::cluster {

bool wants_colour(int fd, bool forbidden) {
  // https://no-color.org: set and not empty means no colour.
  const char* no_color = std::getenv("NO_COLOR");
  return !forbidden && !(no_color && *no_color) && ::isatty(fd) == 1;
}

std::string tinted(std::string_view text, tint how, bool colour) {
  if (!colour || how == tint::none || text.empty()) return std::string(text);
  const char* code = "";
  switch (how) {
    case tint::none: break;
    case tint::good: code = "\033[32m"; break;
    case tint::warn: code = "\033[33m"; break;
    case tint::bad: code = "\033[31m"; break;
    case tint::dim: code = "\033[2m"; break;
  }
  return code + std::string(text) + "\033[0m";
}

std::size_t display_width(std::string_view text) {
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), continues));
}

table::table(std::vector<column> columns) : columns_(std::move(columns)) {}

void table::add(std::vector<cell> row) {
  BULWARK_INVARIANT(row.size() == columns_.size());
  rows_.push_back(std::move(row));
}

std::string table::render(bool colour) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    auto width = display_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i].text));
    widths.push_back(width);
  }
  std::string out;
  const auto put = [&](std::size_t i, const cell& c) {
    const std::string padding(widths[i] - display_width(c.text), ' ');
    if (i > 0) out += "  ";
    if (columns_[i].side == align::right) out += padding;
    out += tinted(c.text, c.how, colour);
    if (columns_[i].side == align::left) out += padding;
  };
  const auto end_line = [&] {
    while (!out.empty() && out.back() == ' ') out.pop_back();
    out += '\n';
  };
  for (std::size_t i = 0; i < columns_.size(); ++i) put(i, {columns_[i].title, tint::dim});
  end_line();
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) put(i, row[i]);
    end_line();
  }
  return out;
}

std::string spoken_time(double seconds) {
  char text[48];
  const auto whole = static_cast<long long>(seconds);
  const auto two = [&](const char* format, long long big, long long small) {
    std::snprintf(text, sizeof text, format, big, small);
  };
  if (seconds < 10)
    std::snprintf(text, sizeof text, "%.2fs", std::max(seconds, 0.0));
  else if (whole < 60)
    std::snprintf(text, sizeof text, "%llds", whole);
  else if (whole < 3600)
    two("%lldm%02llds", whole / 60, whole % 60);
  else if (whole < 86400)
    two("%lldh%02lldm", whole / 3600, whole / 60 % 60);
  else
    two("%lldd%02lldh", whole / 86400, whole / 3600 % 24);
  return text;
}

}  // namespace bulwark::cluster
