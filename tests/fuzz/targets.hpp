// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulwark::fuzz {

/// Something that takes bytes nobody vouches for. It must never crash, and aborts if what it understood does
/// not come out the same when written and read again.
struct target {
  std::string_view name;
  void (*run)(std::string_view bytes);
  /// Good input, from which a search begins.
  std::vector<std::string> (*examples)();
};

/// All of them: packets of peers, records and segments of a log, snapshots, sessions, commands of clients,
/// and what members say to each other.
const std::vector<target>& all_targets();

}  // namespace bulwark::fuzz
