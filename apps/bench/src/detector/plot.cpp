// SPDX-License-Identifier: BSD-3-Clause
#include "plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

namespace bulwark::bench {

namespace {

constexpr double panel_width = 430, panel_height = 290, left = 60, top = 64, right = 16, bottom = 46;
constexpr std::array colours{"#4e79a7", "#f28e2b", "#59a14f", "#b07aa1",
                             "#9c755f", "#d62728", "#17becf", "#7f7f7f"};

class panel_writer {
 public:
  panel_writer(std::ostream& out, const plot_frame& frame, double x, double y)
      : out_{out}, frame_{frame}, x_{x}, y_{y} {}

  void write(const plot_panel& panel) {
    text(x_ + left + width() / 2, y_ + 16, "middle", panel.title, "font-weight='bold'");
    for (int decade = frame_.decade_min; decade <= frame_.decade_max; ++decade) {
      const auto at = down(std::pow(10, decade));
      rule(x_ + left, at, x_ + left + width(), at);
      text(x_ + left - 6, at + 4, "end", decade == frame_.decade_min ? "0" : number(std::pow(10, decade)));
    }
    for (int i = 0; i <= 5; ++i) {
      const auto value = frame_.x_min + (frame_.x_max - frame_.x_min) * i / 5;
      rule(across(value), y_ + 26, across(value), y_ + panel_height - bottom);
      text(across(value), y_ + panel_height - bottom + 16, "middle", number(value));
    }
    text(x_ + left + width() / 2, y_ + panel_height - 10, "middle", frame_.x_name);
    out_ << "<text transform='translate(" << x_ + 14 << ',' << y_ + panel_height / 2
         << ") rotate(-90)' text-anchor='middle'>" << frame_.y_name << "</text>\n";
    for (std::size_t i = 0; i < panel.lines.size(); ++i) line(panel.lines[i], colours[i % colours.size()]);
  }

 private:
  static double width() { return panel_width - left - right; }
  [[nodiscard]] double across(double value) const {
    return x_ + left + width() * (value - frame_.x_min) / (frame_.x_max - frame_.x_min);
  }
  [[nodiscard]] double down(double value) const {
    const double high = frame_.decade_max, low = frame_.decade_min;
    const auto level = value <= 0 ? low : std::clamp(std::log10(value), low, high);
    const auto height = panel_height - bottom - 26;
    return y_ + 26 + height * (high - level) / (high - low);
  }
  static std::string number(double value) {
    std::ostringstream out;
    out << value;
    return out.str();
  }
  void rule(double x1, double y1, double x2, double y2) {
    out_ << "<line x1='" << x1 << "' y1='" << y1 << "' x2='" << x2 << "' y2='" << y2 << "' stroke='#ddd'/>\n";
  }
  void text(double x, double y, const char* anchor, const std::string& what, const char* more = "") {
    out_ << "<text x='" << x << "' y='" << y << "' text-anchor='" << anchor << "' " << more << '>' << what
         << "</text>\n";
  }
  void line(const plot_line& one, const char* colour) {
    out_ << "<polyline fill='none' stroke-width='2' stroke='" << colour << "' points='";
    for (const auto& [x, y] : one.points) out_ << across(x) << ',' << down(y) << ' ';
    out_ << "'/>\n";
  }

  std::ostream& out_;
  const plot_frame& frame_;
  double x_, y_;
};

}  // namespace

std::string svg(const plot_frame& frame) {
  const auto rows = (frame.panels.size() + 1) / 2;
  const auto height = top + static_cast<double>(rows) * panel_height;
  std::ostringstream out;
  out << "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 " << 2 * panel_width << ' ' << height
      << "' font-family='sans-serif' font-size='12'>\n<rect width='100%' height='100%' fill='white'/>\n"
      << "<text x='" << panel_width << "' y='22' text-anchor='middle' font-size='15'>" << frame.title
      << "</text>\n";
  if (!frame.panels.empty()) {
    double x = 70;
    const auto& lines = frame.panels.front().lines;
    for (std::size_t i = 0; i < lines.size(); ++i, x += 130)
      out << "<rect x='" << x << "' y='38' width='18' height='4' fill='" << colours[i % colours.size()]
          << "'/><text x='" << x + 24 << "' y='45'>" << lines[i].name << "</text>\n";
  }
  for (std::size_t i = 0; i < frame.panels.size(); ++i)
    panel_writer{out, frame, static_cast<double>(i % 2) * panel_width,
                 top + static_cast<double>(i / 2) * panel_height}
        .write(frame.panels[i]);
  out << "</svg>\n";
  return out.str();
}

}  // namespace bulwark::bench
