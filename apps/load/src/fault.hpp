// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/actors/core/time.hpp"
#include "bulwark/load/local_cluster.hpp"

#include <functional>
#include <string>
#include <vector>

namespace bulwark::load {

/// A fault that has just happened, and how to see what became of it.
struct live_fault {
  instant at;                       ///< when it happened
  std::string victim;               ///< "n2", "n2/consensus/log", "all"
  std::function<bool()> detected;   ///< has anybody noticed?
  std::function<bool()> recovered;  ///< is everything as it was, as far as it can be by itself?
  bool hits_leader = false;         ///< writes that go on show that the fault was noticed
  std::function<void()> heal{};     ///< what the demo must undo itself in the end; may be empty
};

struct fault {
  std::string name;
  /// Makes it happen. Throws std::runtime_error if it cannot, for example as there is no leader to kill.
  std::function<live_fault(const local_cluster&)> inject;
};

/// The faults of the demo, in their order.
std::vector<fault> demo_faults();

}  // namespace bulwark::load
