// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "router_bench.hpp"

namespace bulwark::bench {

namespace {

constexpr double label_width = 190, bar_width = 520, row_height = 16, head_height = 34;
constexpr double first_ms = 1, decades = 4;  // 1 ms to 10 s

double place_of(double ms) {
  const auto share =
      std::log10(std::clamp(ms, first_ms, first_ms * std::pow(10, decades)) / first_ms) / decades;
  return label_width + share * bar_width;
}

std::string text_at(double x, double y, const std::string& text, const char* more = "") {
  char line[320];
  std::snprintf(line, sizeof line, "<text x=\"%.1f\" y=\"%.1f\"%s>%s</text>\n", x, y, more, text.c_str());
  return line;
}

std::string line_at(double x1, double y1, double x2, double y2, const char* colour) {
  char line[200];
  std::snprintf(line, sizeof line, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n",
                x1, y1, x2, y2, colour);
  return line;
}

/// The median as a bar, the spread of the runs as a line over its end.
std::string bar(const router_measure& one, double y) {
  const bool ours = one.subject == "p2c";
  char shape[240];
  std::snprintf(shape, sizeof shape,
                "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", label_width,
                y + 2, place_of(one.median()) - label_width, row_height - 4, ours ? "#1b6ca8" : "#a9b8c6");
  char value[32];
  std::snprintf(value, sizeof value, one.median() < 100 ? "%.1f" : "%.0f", one.median());
  const auto middle = y + row_height / 2;
  return text_at(label_width - 6, y + 12, one.subject, " text-anchor=\"end\"") + shape +
         line_at(place_of(one.least()), middle, place_of(one.most()), middle, "#222") +
         text_at(place_of(one.most()) + 5, y + 12, value);
}

}  // namespace

void router_results::write_svg(const std::string& file) const {
  std::string body, setup;
  double y = 30;
  for (const auto& one : measures_) {
    if (one.metric != "p99") continue;
    if (const auto here = one.scenario + ": " + one.setup; here != setup) {
      setup = here;
      body += text_at(label_width, y + head_height - 10, here, " font-weight=\"bold\"");
      y += head_height;
    }
    body += bar(one, y);
    y += row_height;
  }
  std::string grid;
  for (int decade = 0; decade <= static_cast<int>(decades); ++decade) {
    const auto ms = first_ms * std::pow(10, decade);
    grid += line_at(place_of(ms), 24, place_of(ms), y + 4, "#ddd");
    grid +=
        text_at(place_of(ms), 18, std::to_string(static_cast<int>(ms)) + " ms", " text-anchor=\"middle\"");
  }
  std::ofstream out{file};
  out << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"800\" height=\"" << y + 14
      << "\" font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" "
         "fill=\"#fff\"/>\n"
      << grid << body << "</svg>\n";
  out.flush();
  if (!out) throw std::runtime_error{"cannot write " + file};
}

}  // namespace bulwark::bench
