// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace bulwark {

/// Says of the present turn of an actor that it is over within microseconds. While it lives, no idle thread
/// is woken for the first actor that this turn sets in motion: the thread that works now comes to it sooner,
/// and finds its caches warm. A thread that is awake takes it as ever. Has an effect only in a system made
/// with node_config, in the threads that run its actors. May be nested.
class short_turn {
 public:
  short_turn() noexcept;
  ~short_turn();
  short_turn(const short_turn&) = delete;
  short_turn& operator=(const short_turn&) = delete;
};

}  // namespace bulwark
