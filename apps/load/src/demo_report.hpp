// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/load/checked_load.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bulwark::load {

/// What one fault did.
struct fault_row {
  std::string name;
  std::string victim;
  /// T_fail: from the fault until somebody noticed.
  std::optional<duration> detected{};
  /// T_restart = T_fail + T_recover: from the fault until all was well again.
  std::optional<duration> recovered{};
  duration writes_stopped{};  ///< the longest time without an acknowledged write
  load_totals operations{};   ///< from this fault to the next
};

struct demo_report {
  unsigned nodes = 0;
  std::vector<fault_row> rows{};
  load_totals total{};
  audit_result last_audit{};
  std::vector<std::string> findings{};
  duration write_p50{};
  duration write_p99{};

  /// Was every fault survived, and is everything acknowledged there?
  bool ok() const;
};

std::string to_table(const demo_report& report);
std::string to_json(const demo_report& report);

}  // namespace bulwark::load
