// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulwark::cluster {

/// How a piece of text stands out on a terminal.
enum class tint { none, good, warn, bad, dim };

/// Is colour wanted for this stream: it is a terminal, and neither NO_COLOR nor the user forbids it.
bool wants_colour(int fd, bool forbidden);

/// The text with the terminal's codes for the tint around it; as it is if `colour` is false.
std::string tinted(std::string_view text, tint how, bool colour);

/// The columns that a UTF-8 text takes on a terminal, each code point counted as one.
std::size_t display_width(std::string_view text);

/// A table of text with aligned columns: two spaces between them, none at the end of a line.
class table {
 public:
  struct cell {
    std::string text;
    tint how = tint::none;
  };
  enum class align { left, right };
  struct column {
    std::string title;
    align side = align::left;
  };

  explicit table(std::vector<column> columns);

  /// @pre as many cells as columns
  void add(std::vector<cell> row);

  /// The heading and the rows, one per line.
  std::string render(bool colour) const;

 private:
  std::vector<column> columns_;
  std::vector<std::vector<cell>> rows_;
};

/// A length of time for people: "0.21s", "12s", "3m10s", "2h05m", "4d03h".
std::string spoken_time(double seconds);

}  // namespace bulwark::cluster
