// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

struct load_report_options {
  /// So long a node measures before it tells the group how busy it is, so at most that often; 0: never.
  duration every = std::chrono::seconds{10};
  /// It tells only what differs by as much from what the group knows, in thousandths; 1 to 1000.
  std::uint32_t change_permille = 150;

  /// Empty if the options can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// Decides when a node tells the group anew how busy it is, see placing::report_load: each word is a command
/// in the log, and what changes from moment to moment is of no use to whoever places children for hours.
///
/// It compares the mean of a period with what the group shows, not with what was said: so what was lost is
/// said again, and so is what the group forgets with a life.
///
/// Owner: one actor or a test; not thread-safe
/// Time:  the caller passes `now`; never goes back
class load_report {
 public:
  /// @pre options.validate().empty()
  explicit load_report(const load_report_options& options);

  /// Takes a measurement, 0 to 1000, as does `shown`: what the group shows of this node, 0 if nothing. What
  /// to tell it, if anything.
  [[nodiscard]] std::optional<std::uint32_t> step(std::uint32_t measured, std::uint32_t shown, instant now);

 private:
  load_report_options options_;
  std::optional<instant> since_{};  ///< begin of the period; none before the first measurement
  std::uint64_t sum_ = 0;           ///< of the measurements of the period
  std::uint64_t count_ = 0;
};

/// How busy a node is that uses so many thousandths of a core of a machine with so many cores: 0 to 1000.
[[nodiscard]] std::uint32_t load_permille(std::uint32_t cpu_permille, unsigned cores) noexcept;

}  // namespace bulwark
