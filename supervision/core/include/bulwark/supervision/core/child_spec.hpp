// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "bulwark/actors/core/backoff.hpp"
#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// Which children a failure takes along.
enum class restart_strategy : std::uint8_t {
  one_for_one,   ///< only the one that failed
  one_for_all,   ///< all of them
  rest_for_one,  ///< the one that failed and those behind it
};

/// Which exits of a child lead to a restart.
enum class restart_type : std::uint8_t {
  permanent,  ///< every exit
  transient,  ///< failures and kills, but not a normal exit or a shutdown
  temporary,  ///< none; its spec is dropped when it ends
};

enum class child_type : std::uint8_t { worker, supervisor };

/// How a child is stopped.
struct shutdown_policy {
  enum class manner : std::uint8_t { brutal_kill, timed, infinity };

  manner how = manner::timed;
  duration limit = std::chrono::seconds{5};  ///< for timed: asked to stop, and killed after this long

  static constexpr shutdown_policy brutal_kill() { return {manner::brutal_kill, {}}; }
  static constexpr shutdown_policy within(duration limit) { return {manner::timed, limit}; }
  static constexpr shutdown_policy infinity() { return {manner::infinity, {}}; }

  friend bool operator==(const shutdown_policy&, const shutdown_policy&) = default;
};

/// What a supervisor knows about a child: data, not code.
struct child_spec {
  std::string id;  ///< unique among the children of one supervisor; not empty, no '/'
  restart_type restart = restart_type::permanent;
  shutdown_policy shutdown{};
  child_type type = child_type::worker;
  /// Delays between restarts. The first restart after a healthy time (`reset_after`) is immediate.
  backoff_options delays{};
  duration start_timeout =
      duration::zero();  ///< ready within this long, or the start has failed; zero: no limit

  /// Empty if the spec can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// How a supervisor treats its children.
struct supervisor_flags {
  static constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();

  restart_strategy strategy = restart_strategy::one_for_one;
  std::uint32_t intensity = 1;  ///< restarts allowed within `period`; one more and the supervisor gives up
  duration period = std::chrono::seconds{5};
  /// A killed child that has not ended by then is abandoned.
  duration kill_limit = std::chrono::seconds{5};

  [[nodiscard]] std::string validate() const;
};

/// Checks flags and specs together (ids are unique); empty if they can work, else what is wrong.
[[nodiscard]] std::string validate(const supervisor_flags& flags, const std::vector<child_spec>& children);

[[nodiscard]] const char* to_string(restart_strategy strategy) noexcept;
[[nodiscard]] const char* to_string(restart_type type) noexcept;
[[nodiscard]] const char* to_string(child_type type) noexcept;

}  // namespace bulwark
