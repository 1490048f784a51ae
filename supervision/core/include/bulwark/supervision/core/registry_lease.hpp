// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/supervision/core/registry.hpp"

namespace bulwark {

struct lease_options {
  duration length = std::chrono::seconds{2};  ///< how long an owner acts without an answer of the group
  /// How much faster or slower than another a clock may run: the next owner waits that much longer.
  double drift = 0.01;
  duration renew_before = std::chrono::seconds{1};  ///< the end; less than `length`

  /// Empty if the options can work, else what is wrong and what was expected.
  [[nodiscard]] std::string validate() const;
};

/// Tells the owner of a name when it may act, so that two owners never act at once, though an old one may not
/// know yet that it is no owner any more.
///
/// An owner may act for `length` from the moment at which it *asked* the group and was told that its token
/// holds. The group grants the name anew only after it found the old owner's life over, and from then on
/// confirms nothing to it; so the old owner stops at most `length` after that. The new one, told so by
/// must_wait, begins only after it has waited for that, by its own clock and `drift`.
///
/// The answers must come from the group as of when it was asked (a read by the leader), not from some
/// replica's memory. Clocks need not agree, only run alike.
///
/// Source:     Gray and Cheriton, "Leases" (1989), section 3
/// Owner:      one service or a test; not thread-safe
/// Time:       the caller passes `now`; never goes back
class name_lease {
 public:
  /// @pre options.validate().empty()
  explicit name_lease(const lease_options& options) : options_{options} {}

  /// The group granted the name with this token, as asked at `asked`.
  void granted(const registry_result& result, instant asked, instant now);

  /// The group said, as asked at `asked`, that the token holds.
  void confirmed(std::uint64_t token, instant asked);

  /// The group said that the token does not hold, or the service gave it up.
  void lost() noexcept { token_ = 0; }

  /// Whether the service may act now.
  [[nodiscard]] bool may_act(instant now) const noexcept {
    return token_ != 0 && now >= begins_ && now < ends_;
  }

  /// The token that goes with what the service does; 0 if it holds none.
  [[nodiscard]] std::uint64_t token() const noexcept { return token_; }
  /// Whether the waiting is over and the group has to be told so, with names::settled; until settled().
  [[nodiscard]] bool owes_settled(instant now) const noexcept {
    return token_ != 0 && settles_ && now >= begins_;
  }
  void settled() noexcept { settles_ = false; }

  /// When the waiting for an owner before is over.
  [[nodiscard]] instant begins() const noexcept { return begins_; }
  /// From then on it may not act, unless it is confirmed before.
  [[nodiscard]] instant ends() const noexcept { return ends_; }
  /// When to ask the group for confirmation.
  [[nodiscard]] instant next_renewal() const noexcept { return ends_ - options_.renew_before; }

 private:
  lease_options options_;
  std::uint64_t token_ = 0;
  bool settles_ = false;  ///< has to tell the group once the waiting is over
  instant begins_{};
  instant ends_{};
};

}  // namespace bulwark
