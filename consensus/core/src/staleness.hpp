// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "bulwark/actors/core/time.hpp"
#include "bulwark/consensus/core/ids.hpp"
#include "bulwark/consensus/core/messages.hpp"

namespace bulwark::consensus {

/// How old the state of this replica can be at most: it knows a moment of its own clock, `as_of`, such that
/// nothing is missing from the state that anybody was told before it.
///
/// Method:     it asks the leader to vouch for it, now and then, as long as there are reads that want to
/// know.
///             The leader takes the index of a round of reads that began after the question had come, and of
///             which a majority confirmed that nobody else led by then. Whatever was acknowledged before the
///             question was *sent* stands at or below that index; once all of it is applied here, as_of is
///             when it was sent. A voucher that is lost, late, doubled or overtaken says less than it could,
///             never more.
/// Source:     Ongaro (2014), section 6.4 (followers that ask for the read index)
/// Assumption: that of leader_lease, for an age is told to others: the clocks of two members run at rates
///             that differ by less than 1/16, and never stand still while their machine goes on
/// Bounds:     one question is under way, for an interval at most; `vouchers_max` vouchers wait for the log
class staleness {
 public:
  explicit staleness(std::uint64_t incarnation) : incarnation_{incarnation} {}

  /// None as long as nothing is known.
  [[nodiscard]] std::optional<instant> as_of(slot applied);

  /// A read came that may be `at_most` old. If it is time to ask that leader for a voucher, the question.
  [[nodiscard]] std::optional<vouch> question(duration at_most, ballot leader, duration interval,
                                              instant now);

  /// A leader has vouched.
  void on_vouched(const vouched& what, slot applied, instant now);

 private:
  static constexpr std::size_t vouchers_max = 8;

  struct voucher {
    slot index{};
    instant as_of{};
  };

  std::uint64_t incarnation_;
  std::optional<instant> as_of_;  ///< of the state that is applied
  std::deque<voucher> waiting_;   ///< for the log; ascending in both
  std::optional<instant> asked_at_;
  ballot asked_;
};

}  // namespace bulwark::consensus
