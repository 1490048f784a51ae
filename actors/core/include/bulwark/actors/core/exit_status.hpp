// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bulwark {

/// How a child ended, as far as a restart policy cares.
enum class exit_kind : std::uint8_t {
  normal,    ///< it was done
  shutdown,  ///< it was asked to stop, and did
  failure,   ///< it gave up by itself: an error, an exception, a non-zero exit code
  killed,    ///< it was ended by force, or became unreachable
};

/// Why a child ended: the kind decides, with category and code for whoever looks closer; the text is for
/// people.
struct exit_status {
  exit_kind kind = exit_kind::normal;
  std::string text = "normal";
  /// Of a failure: its error category, or the type of the exception as in "std::runtime_error"; "hung" for a
  /// child that made no progress. May be empty.
  std::string category{};
  int code = 0;  ///< within the category; 0 for exceptions
  /// Of an exception: the types that it could have been caught as, too, nearest first.
  std::vector<std::string> bases{};

  friend bool operator==(const exit_status&, const exit_status&) = default;
};

/// "normal", "shutdown", "failure" or "killed".
[[nodiscard]] const char* to_string(exit_kind kind) noexcept;

/// True if a transient child is not to be restarted after it.
[[nodiscard]] constexpr bool is_orderly(exit_kind kind) noexcept {
  return kind == exit_kind::normal || kind == exit_kind::shutdown;
}

}  // namespace bulwark
