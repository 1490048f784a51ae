// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "membership_world.hpp"

namespace bulwark::test {

/// What one scenario came to.
struct scenario_outcome {
  std::string name;
  std::string violation;  ///< empty if no invariant was broken
  std::uint32_t nodes = 0;
  std::uint32_t hit = 0;  ///< nodes that something was done to
  double messages = 0;    ///< per node and second, sent
  std::uint64_t suspicions = 0;
  std::uint64_t dead_found = 0;    ///< lives whose process had ended, found down
  std::uint64_t faulty_found = 0;  ///< lives that something was wrong with, found down
  std::uint64_t mistakes = 0;      ///< healthy ones that were found down
  std::vector<double> decided_ms;  ///< from the end of the process to the decision, ascending
  double known_ms = 0;             ///< from the first end of a process until all know of all; 0 if none ended
  std::uint32_t up = 0;            ///< healthy ones that the group holds for up, in the end
  std::uint32_t running = 0;       ///< children, in the end
  std::uint64_t granted = 0;       ///< names, anew
  std::uint64_t fenced = 0;        ///< commands of lives that were over
  std::uint64_t events = 0;
};

/// All names, in the order in which they are worth showing.
[[nodiscard]] std::vector<std::string> scenario_names();

/// Runs one of them. @pre it is one of scenario_names()
[[nodiscard]] scenario_outcome run_scenario(const std::string& name, const world_options& options);

/// Some cables are broken and stay so: leadership must come to a node which misses no more members than the
/// other voters, and stay there. Empty, or what was wrong.
[[nodiscard]] std::string run_broken_cables(const world_options& options, std::uint32_t cables);

/// Anything may happen at any time, then all is mended: in the end everybody must be up. Empty, or what was
/// wrong.
[[nodiscard]] std::string run_membership_chaos(const world_options& options, int steps);

}  // namespace bulwark::test
