// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace bulwark::bench {

/// One line of a plot.
struct plot_line {
  std::string name;
  std::vector<std::pair<double, double>> points;  ///< ascending by x
};

/// One coordinate system, the y axis logarithmic.
struct plot_panel {
  std::string title;
  std::vector<plot_line> lines;
};

struct plot_frame {
  std::string title, x_name, y_name;
  double x_min = 0, x_max = 1;
  int decade_min = 0,
      decade_max = 1;  ///< y from 10^decade_min to 10^decade_max; what lies below is drawn at the bottom
  std::vector<plot_panel> panels{};  ///< two in a row
};

/// The plot as an SVG document.
[[nodiscard]] std::string svg(const plot_frame& frame);

}  // namespace bulwark::bench
