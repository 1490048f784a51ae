// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "bulwark/actors/core/time.hpp"

namespace bulwark::consensus {

/// Judges by the latest appends to a log whether the next one may be made by a thread that has other things
/// to do. That saves waking two threads, but the one that does it can do nothing else meanwhile: so only
/// while the disk is quick, and idle for most of the time. Once commands come faster than that, they are
/// better off with a thread that writes while another one gathers the next batch.
///
/// Owner: one shared_log_store; not thread-safe
class append_pace {
 public:
  static constexpr std::size_t remembered = 16;
  static constexpr duration quick_max = std::chrono::milliseconds{2};

  /// One append took from `begin` to `end`. @pre appends come one after the other
  void add(instant begin, instant end) { latest_[count_++ % remembered] = {begin, end - begin}; }

  [[nodiscard]] bool is_calm(instant now) const {
    if (count_ < remembered) return false;
    duration busy{0};
    duration longest{0};
    for (const auto& one : latest_) {
      busy += one.took;
      longest = std::max(longest, one.took);
    }
    const auto span = now - latest_[count_ % remembered].began;
    return longest <= quick_max && 10 * busy <= 9 * span;
  }

 private:
  struct append {
    instant began{};
    duration took{};
  };

  std::array<append, remembered> latest_{};  ///< a ring; its oldest is at count_ % remembered
  std::size_t count_ = 0;
};

}  // namespace bulwark::consensus
