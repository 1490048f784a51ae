// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// When the state of a service is saved, and how long a saved one is to blame.
struct recovery_rules {
  /// Save after so many messages that were handled; 0: their number does not matter.
  std::uint32_t every_messages = 0;
  /// Save this long after the first message that is not saved yet; 0: time does not matter.
  duration every{};
  /// So many points are kept; at least 1.
  std::uint32_t keep = 2;
  /// A crash is blamed on the point if it comes before a message was handled, and within this time.
  duration trusted_after = std::chrono::seconds{1};
  /// So many crashes in a row that are blamed on a point, and it is given up; at least 1.
  std::uint32_t tries = 2;

  /// Empty if they can work, else what was expected.
  [[nodiscard]] std::string validate() const;
};

/// Which recovery point an incarnation begins with, and when the next one is due. A point that its service
/// cannot live with is given up for the one before, and in the end for a fresh start. Decides only: it
/// neither saves nor reads. Not thread-safe.
class recovery_points {
 public:
  /// `known` are the numbers of points that exist, in any order.
  explicit recovery_points(recovery_rules rules, std::vector<std::uint64_t> known = {});

  struct beginning {
    std::uint64_t incarnation = 0;       ///< to be named in what follows
    std::optional<std::uint64_t> point;  ///< nothing: a fresh start
    /// The point that the incarnation before, which never ended, cost.
    std::optional<std::uint64_t> given_up{};
  };

  struct saving {
    std::uint64_t point = 0;            ///< the number of the new one
    std::vector<std::uint64_t> drop{};  ///< may go as soon as the new one is safe
  };

  /// What there is by now, in any order: a point that could not be written is not, and those that it was to
  /// replace still are. One that was given up stays so, even if it is still there.
  void exist(std::vector<std::uint64_t> known);

  /// A new incarnation. One that has not ended until now is taken for failed: it hangs and was replaced.
  beginning begin(instant now);

  /// The point that begin() named cannot be read, or not be understood; what comes in its place.
  beginning refuse(std::uint64_t incarnation, instant now);

  /// A message was handled to its end. True if a save is due.
  [[nodiscard]] bool handled(std::uint64_t incarnation, instant now);

  /// When a save is due by time; nothing if not.
  [[nodiscard]] std::optional<instant> due() const;

  /// The state is about to be saved. Nothing for an incarnation that was replaced: it has no say any more.
  [[nodiscard]] std::optional<saving> save(std::uint64_t incarnation);

  /// The incarnation ended. The point that is given up for it, if there is one.
  std::optional<std::uint64_t> ended(std::uint64_t incarnation, instant now, bool failed);

  /// Messages handled since the last save of this incarnation.
  [[nodiscard]] std::uint64_t unsaved() const { return unsaved_; }

  /// The points that may be restored, the newest last.
  [[nodiscard]] const std::deque<std::uint64_t>& points() const { return points_; }

 private:
  beginning choose(instant now);
  std::optional<std::uint64_t> blame(instant now);
  void give_up(std::uint64_t point);

  recovery_rules rules_;
  std::deque<std::uint64_t> points_;     ///< ascending
  std::vector<std::uint64_t> given_up_;  ///< that may still exist
  std::uint64_t last_number_ = 0;
  std::uint64_t incarnation_ = 0;
  bool running_ = false;
  std::optional<std::uint64_t> at_risk_;  ///< the point it was restored from, until a message is handled
  instant began_{};
  std::uint32_t early_crashes_ = 0;  ///< in a row, of one point
  std::uint64_t unsaved_ = 0;
  std::optional<instant> first_unsaved_;
};

}  // namespace bulwark
