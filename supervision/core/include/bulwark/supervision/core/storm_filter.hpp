// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bulwark/actors/core/event.hpp"

namespace bulwark {

struct storm_options {
  std::uint32_t in_full = 5;  ///< ends of a child within `period` whose events all pass
  duration period = std::chrono::seconds{10};
  std::size_t children_max = 1000;  ///< in trouble at the same time; those beyond share one account, "*"

  /// Empty if they can work, else what is wrong.
  [[nodiscard]] std::string validate() const;
};

/// Thins out what is told of a child that ends again and again, for a reader who pays by the line.
///
/// The first `in_full` ends of a child within a period pass, with everything around them. After that its
/// ends, starts and restarts are held back, and each period closes with one `crash_storm` event instead. The
/// storm is over after a period without an end; the last event that was held back then passes, so that a
/// reader knows how it stands. Decisions (parked, given up, …) always pass, after the account of what came
/// before them.
///
/// Owner:  one reader; not thread-safe
/// Time:   that of the events, which never goes back; call tick() at next_wakeup() at the latest
/// Bounds: two events for each child and period beyond those in full; `children_max` accounts
class storm_filter {
 public:
  /// The options must be valid.
  explicit storm_filter(const storm_options& options) : options_{options} {}

  /// Takes one event and appends what is to be told.
  void step(const supervision_event& event, std::vector<supervision_event>& told);

  /// Closes the periods that are over.
  void tick(instant now, std::vector<supervision_event>& told);

  /// Tells at once what is held back, and begins anew; for a reader that goes.
  void flush(instant now, std::vector<supervision_event>& told);

  /// When tick() is due; nothing if no child is in trouble.
  [[nodiscard]] std::optional<instant> next_wakeup() const;

 private:
  /// One child within a period.
  struct account {
    instant closes_at{};
    instant counts_since{};
    std::uint32_t passed = 0;  ///< ends told in full
    std::uint64_t held = 0;    ///< ends held back and not told yet
    bool storm = false;
    bool quiet = true;                          ///< no end within this period
    std::optional<supervision_event> end;       ///< the last one held back
    std::optional<supervision_event> standing;  ///< what was held back after it, the last
  };
  using accounts = std::map<std::string, account>;

  accounts::iterator find(const supervision_event& event);
  accounts::iterator open(const supervision_event& event);
  static void tell_ends(const std::string& path, account& of, instant now,
                        std::vector<supervision_event>& told);
  static void tell_standing(account& of, std::vector<supervision_event>& told);
  void close_period(accounts::iterator at, std::vector<supervision_event>& told);

  storm_options options_;
  accounts accounts_;
  std::set<std::pair<instant, std::string>> closings_;
};

}  // namespace bulwark
