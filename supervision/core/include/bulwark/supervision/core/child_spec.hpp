// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/actors/core/backoff.hpp"
#include "bulwark/actors/core/exit_status.hpp"
#include "bulwark/actors/core/mail_policy.hpp"
#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// Which children a failure takes along.
enum class restart_strategy : std::uint8_t {
  one_for_one,   ///< only the one that failed
  one_for_all,   ///< all of them
  rest_for_one,  ///< the one that failed and those behind it
  /// Only the one that failed. All children are made at run time from one template, and stop in parallel.
  simple_one_for_one,
};

/// Whether a supervisor ends by itself when significant children have ended and are not restarted.
enum class auto_shutdown : std::uint8_t {
  never,
  any_significant,  ///< when the first of them has
  all_significant,  ///< when the last of them has
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

/// At most `intensity` restarts within `period`.
struct restart_limit {
  std::uint32_t intensity = 1;
  duration period = std::chrono::seconds{5};

  friend bool operator==(const restart_limit&, const restart_limit&) = default;
};

/// What becomes of a child once there were too many restarts.
struct exceeded_policy {
  enum class manner : std::uint8_t {
    escalate,  ///< its supervisor gives up
    stop,      ///< it stays down, its siblings go on
    park,      ///< it stays down for `pause` and is then tried again, at no charge
  };

  manner how = manner::escalate;
  duration pause{};  ///< for park

  static constexpr exceeded_policy escalate() { return {manner::escalate, {}}; }
  static constexpr exceeded_policy stop() { return {manner::stop, {}}; }
  static constexpr exceeded_policy park(duration pause) { return {manner::park, pause}; }

  friend bool operator==(const exceeded_policy&, const exceeded_policy&) = default;
};

/// What a failure of a child leads to.
enum class directive : std::uint8_t {
  restart,   ///< what its restart type says
  resume,    ///< it goes on with its state; only the message that it failed on is lost
  stop,      ///< it stays down
  escalate,  ///< its supervisor gives up
};

/// Chooses a directive by the error that a child failed with. A part that is not set fits everything.
struct failure_rule {
  /// As in exit_status: an error category, or the type of an exception or a public base of it.
  std::string category{};
  std::optional<int> code{};
  directive then = directive::restart;

  [[nodiscard]] bool fits(const exit_status& failure) const {
    const bool is_it = category.empty() || category == failure.category ||
                       std::ranges::find(failure.bases, category) != failure.bases.end();
    return is_it && (!code || *code == failure.code);
  }
  friend bool operator==(const failure_rule&, const failure_rule&) = default;
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
  /// Its end is a reason for its supervisor to end, see auto_shutdown. Not for a permanent child.
  bool significant = false;
  /// Siblings that stand before it and have to be ready before it is started.
  std::vector<std::string> depends_on{};
  /// The first that fits a failure decides; none: restart.
  std::vector<failure_rule> rules{};
  /// A limit of its own, beside the one that it shares with its siblings.
  std::optional<restart_limit> own_limit{};
  /// When either limit is passed by a restart of this child.
  exceeded_policy exceeded{};
  /// A message must be done with within this long, or the child counts as hung: it is abandoned and replaced.
  /// It is noticed at most a quarter later. Zero: no limit.
  duration progress_limit = duration::zero();
  /// What becomes of messages when an incarnation ends; for a child with a stable reference.
  mail_policy mail{};

  /// What its rules say about this failure.
  [[nodiscard]] directive decide(const exit_status& failure) const;

  friend bool operator==(const child_spec&, const child_spec&) = default;

  /// Empty if the spec can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// How a supervisor treats its children.
struct supervisor_flags {
  static constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t intensity_max = 10'000'000;  ///< unless unlimited: 80 MB of time stamps

  restart_strategy strategy = restart_strategy::one_for_one;
  std::uint32_t intensity = 1;  ///< restarts allowed within `period`; one more and the supervisor gives up
  duration period = std::chrono::seconds{5};
  /// A killed child that has not ended by then is abandoned.
  duration kill_limit = std::chrono::seconds{5};
  auto_shutdown shutdown = auto_shutdown::never;
  /// Children that may be starting at the same time; with more than one, only `depends_on` keeps an order.
  std::uint32_t start_width = 1;
  /// A supervisor that gives up ends with a failure, after which its parent restarts it even if it is
  /// transient. True: with the reason shutdown, after which a transient one stays down (as in OTP).
  bool gives_up_quietly = false;

  [[nodiscard]] std::string validate() const;
};

/// Checks one spec under these flags; empty if it can work, else what is wrong.
[[nodiscard]] std::string validate_child(const supervisor_flags& flags, const child_spec& child);

/// Checks flags and specs together: unique ids, dependencies on earlier children, one template for
/// simple_one_for_one. Empty if they can work, else what is wrong.
[[nodiscard]] std::string validate(const supervisor_flags& flags, const std::vector<child_spec>& children);

[[nodiscard]] const char* to_string(restart_strategy strategy) noexcept;
[[nodiscard]] const char* to_string(restart_type type) noexcept;
[[nodiscard]] const char* to_string(child_type type) noexcept;
[[nodiscard]] const char* to_string(auto_shutdown mode) noexcept;
[[nodiscard]] const char* to_string(directive what) noexcept;

}  // namespace bulwark
