// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/actors/core/time.hpp"

#include <string>

namespace bulwark::load {

/// Tells on standard error how far something is: a bar in place on a terminal, else one line per step.
class progress {
 public:
  explicit progress(duration whole);
  ~progress() { clear(); }
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  /// Begins a new step.
  void step(const std::string& text);

  /// Redraws the bar, if there is one.
  void update(const std::string& detail);

  /// Takes the bar off the screen.
  void clear();

 private:
  const bool terminal_;
  const instant begin_;
  const duration whole_;
  instant drawn_{};
  std::string step_;
};

}  // namespace bulwark::load
