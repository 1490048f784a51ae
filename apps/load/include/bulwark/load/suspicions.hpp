// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace bulwark::load {

/// What the detector of a node wrote to its log: a peer that was up is not any more.
struct suspicion {
  /// By the clock of the node. Logs cut it down to whole milliseconds: it may have been up to one later.
  std::chrono::sys_time<std::chrono::milliseconds> at;
  std::string peer;   ///< "n3"
  std::string state;  ///< suspect or down

  bool operator==(const suspicion&) const = default;
};

/// All of them in a node's log in text form, in its order. A line without its end is not complete and left
/// out; lines that say something else are passed over.
std::vector<suspicion> suspicions_in(std::string_view log);

}  // namespace bulwark::load
