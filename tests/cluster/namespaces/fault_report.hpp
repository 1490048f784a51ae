// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "island_history.hpp"

namespace bulwark::cluster_test {

/// A fault as a test made it.
struct fault {
  std::string what;                 ///< for people
  instant at{};                     ///< when it began
  std::set<std::uint32_t> victims;  ///< nodes that the others cannot use; may be empty
  instant until{};                  ///< when it was mended
};

/// How long it took from the beginning of a fault, or from its end.
struct fault_figures {
  std::optional<duration> suspected;  ///< until the last victim was silent to the first of the others
  std::optional<duration> agreed;     ///< until the first of the others knew that all victims are down
  std::optional<duration> all_know;   ///< until the last of the others knew it
  std::optional<duration> moved;      ///< until the last name that a victim owned was acted upon by another
  std::size_t names_moved = 0;
  std::size_t lives_ended = 0;  ///< of all nodes, by the group
};

/// Reads the figures of a fault from what the nodes told.
[[nodiscard]] fault_figures figures_of(const fault& what, const island_history& history,
                                       const std::vector<std::string>& names);

/// What happened from a fault on, a line each, the time counted from there: who found whom silent, each new
/// view and when the last node had it, owners that changed. At most `lines_max` lines.
[[nodiscard]] std::string timeline_of(const fault& what, const island_history& history,
                                      const std::vector<std::string>& names, std::size_t lines_max = 120);

/// A row of the table in docs/membership.md; `whole` is the time from the end of the fault until all was
/// well.
[[nodiscard]] std::string row_of(const fault& what, const fault_figures& figures, duration whole);

}  // namespace bulwark::cluster_test
