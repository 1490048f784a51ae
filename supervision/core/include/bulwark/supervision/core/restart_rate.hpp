// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

struct restart_rate_options {
  std::uint32_t burst = 100;      ///< restarts that may come at once after a quiet time
  std::uint32_t per_second = 50;  ///< restarts in the long run

  /// Empty if they can work, else what is wrong.
  [[nodiscard]] std::string validate() const;

  friend bool operator==(const restart_rate_options&, const restart_rate_options&) = default;
};

/// A token bucket that all supervisors of a tree share, so that a storm in many children cannot eat the
/// machine: each is within its own budget, and all together are too much.
///
/// Whoever comes too soon gets the time from which its token counts, in the order of asking; nobody is
/// refused, so nothing has to be tried again. Kept as the generic cell rate algorithm (ITU-T I.371): one
/// number says when the bucket will be full. Not thread-safe.
class restart_rate {
 public:
  /// The options must be valid.
  explicit restart_rate(const restart_rate_options& options);

  /// Draws one token; it counts from the time that comes back on, `now` if there is one left. A token that is
  /// not used is lost.
  [[nodiscard]] instant reserve(instant now);

 private:
  duration interval_;   ///< between two tokens
  duration tolerance_;  ///< how far ahead of the pace a burst may be
  instant full_at_{};   ///< when the bucket is full
};

}  // namespace bulwark
