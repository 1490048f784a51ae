// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// For how long the oldest message of a mailbox has waited, by two numbers that are looked at now and then:
/// how many messages its actor has handled, and how many wait. What waited at an earlier look waits still as
/// long as the actor has handled fewer since; so messages need no time stamps of their own. The answer is
/// never too large, and too small by at most the time between two looks, while no more than `looks_max`
/// of these lie behind.
///
/// Owner: one caller; not thread-safe
/// Time:  the caller passes `now`; never goes back
/// Cost:  amortised O(1) for each look; no allocation after the first
class mailbox_age {
 public:
  static constexpr std::size_t looks_max = 256;

  /// `handled` only grows, unless the actor is another one than before: then what waits counts from now on.
  /// Read it before `waiting`, so that a message between the two is not waited for twice.
  duration look(std::uint64_t handled, std::uint64_t waiting, instant now);

 private:
  struct past_look {
    std::uint64_t through = 0;  ///< once so many are handled, nothing that waited then waits any more
    instant at{};
  };

  std::vector<past_look> past_;  ///< a ring
  std::size_t first_ = 0, count_ = 0;
  std::uint64_t handled_ = 0;
};

}  // namespace bulwark
