// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

enum class backoff_growth : std::uint8_t {
  exponential,  ///< by `factor` from one delay to the next; a factor of 1 keeps them constant
  linear,       ///< by `initial`
};

/// How the delays between attempts grow.
struct backoff_options {
  duration initial = std::chrono::milliseconds{50};  ///< the first delay; above zero
  duration max = std::chrono::seconds{5};            ///< no delay is longer, jitter included
  double factor = 2.0;                               ///< from one delay to the next; at least 1
  double jitter = 0.2;                               ///< share of a delay that is random, in [0, 1]
  /// Whoever held out this long after an attempt starts from `initial` again.
  duration reset_after = std::chrono::seconds{3};
  backoff_growth growth = backoff_growth::exponential;

  friend bool operator==(const backoff_options&, const backoff_options&) = default;

  /// Empty if the options can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// Delays between attempts: they grow up to a limit, and a random part keeps many callers
/// apart. Pure: the caller brings the randomness. Not thread-safe.
class backoff {
 public:
  explicit backoff(const backoff_options& options = {}) : options_{options} {}

  /// The delay before the next attempt. `random01` lies in [0, 1); 0.5 gives the undisturbed delay.
  [[nodiscard]] duration next(double random01);

  /// The next delay is `initial` again.
  void reset() noexcept { attempts_ = 0; }

  /// Delays handed out since the start or the last reset.
  [[nodiscard]] std::uint32_t attempts() const noexcept { return attempts_; }

  [[nodiscard]] const backoff_options& options() const noexcept { return options_; }

 private:
  backoff_options options_;
  std::uint32_t attempts_ = 0;
};

}  // namespace bulwark
