// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bulwark/supervision/core/failure_detector.hpp"
#include "traces.hpp"

namespace bulwark::bench {

/// What a detector was worth on one trace (Chen, Toueg, Aguilera: "On the quality of service of failure
/// detectors", 2002).
struct quality {
  double detection_ms = 0;       ///< T_D: from a crash to the suspicion, mean over all moments of a crash
  double mistakes_per_hour = 0;  ///< lambda_M
  double accuracy = 1;           ///< P_A: part of the time in which the answer is right
};

/// A detector with one knob that trades speed for mistakes.
struct rival {
  std::string name;
  double knob_max = 0;  ///< from 0; more is slower and makes fewer mistakes
  std::function<quality(const trace& over, double knob)> run;
};

/// fixed, Chen, two-window, phi exact, phi exponential: each judges by the times at which it took beats in.
/// And bulwark's own, as it runs in a node.
[[nodiscard]] std::vector<rival> all_rivals();

/// bulwark's own with nothing set but T_interval.
[[nodiscard]] quality as_by_default(detector_kind kind, const trace& over);

/// The quality with the knob turned to a mean detection time of `detection_ms`, as near as it comes.
[[nodiscard]] quality at_detection_time(const rival& one, const trace& over, double detection_ms);

}  // namespace bulwark::bench
