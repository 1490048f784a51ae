// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "bulwark/actors/core/time.hpp"

#include <mutex>
#include <optional>

namespace bulwark::load {

/// Watches when writes are acknowledged, to tell how long a fault stopped them. Thread-safe.
class write_watch {
 public:
  explicit write_watch(instant now) : mark_(now), last_(now) {}

  /// Begins anew at a fault.
  void mark(instant fault);

  /// A write sent at `sent` was acknowledged at `acknowledged`.
  void add(instant sent, instant acknowledged);

  /// From the mark to the first acknowledgement of a write that was sent after it: one sent earlier may have
  /// been decided before the fault.
  std::optional<duration> first_write() const;

  /// The longest time without any acknowledgement since the mark, counting the one under way.
  duration longest_gap(instant now) const;

 private:
  mutable std::mutex guard_;
  instant mark_;
  instant last_;
  duration longest_{};
  std::optional<duration> first_;
};

}  // namespace bulwark::load
