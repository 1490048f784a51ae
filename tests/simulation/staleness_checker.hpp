// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agreement_checker.hpp"
#include "bulwark/actors/core/time.hpp"
#include "violations.hpp"

namespace bulwark::test {

/// Whether stale reads are no older than they say: an answer of age A lacks nothing that any client was told
/// more than A ago, be it that its write is done or what a register holds. Knows the true time, which no
/// replica does.
class staleness_checker {
 public:
  staleness_checker(const agreement_checker& agreement, violations& found)
      : agreement_{agreement}, violations_{found} {}

  /// A client was told that the register holds this value, or held it a moment ago; "" if never written.
  void on_told(const std::string& key, const std::string& value, instant now);
  /// Somebody is told this value by a stale read. True if it lacks something that was told before, as it may.
  bool on_stale_answer(const std::string& key, const std::string& value, duration age, instant now);

 private:
  struct told {
    instant at;
    consensus::slot place{};
  };

  [[nodiscard]] consensus::slot place_of(const std::string& key, const std::string& value) const;
  /// The latest place that was told by then.
  [[nodiscard]] consensus::slot floor_at(const std::string& key, instant when) const;

  const agreement_checker& agreement_;
  violations& violations_;
  std::map<std::string, std::vector<told>> told_;  ///< by key; ascending in both
};

}  // namespace bulwark::test
