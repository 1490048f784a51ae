// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "bulwark/actors/core/time.hpp"

namespace bulwark {

/// Decides which complaints get a line of the log: the first about each matter, and then one per period. So a
/// stranger who comes again and again fills no disk.
///
/// Owner:  anyone; not thread-safe
/// Bounds: `matters_max` matters are told apart; what goes beyond them counts as one
class complaint_log {
 public:
  explicit complaint_log(duration period = std::chrono::minutes{1}, std::size_t matters_max = 64)
      : period_{period}, matters_max_{matters_max} {}

  /// Nothing if this is not to be logged now, else how many complaints about the matter were left out since
  /// the line before.
  [[nodiscard]] std::optional<std::uint64_t> note(const std::string& matter, instant now) {
    auto found = matters_.find(matter);
    if (found == matters_.end() && matters_.size() >= matters_max_) {
      std::erase_if(matters_, [&](const auto& one) { return now - one.second.logged >= period_; });
      if (matters_.size() >= matters_max_) return due(rest_, now);
    }
    if (found == matters_.end()) found = matters_.emplace(matter, entry{}).first;
    return due(found->second, now);
  }

 private:
  struct entry {
    bool known = false;
    instant logged{};
    std::uint64_t left_out = 0;
  };

  std::optional<std::uint64_t> due(entry& one, instant now) const {
    if (one.known && now - one.logged < period_) {
      ++one.left_out;
      return std::nullopt;
    }
    const auto before = one.left_out;
    one = {true, now, 0};
    return before;
  }

  duration period_;
  std::size_t matters_max_;
  std::map<std::string, entry> matters_;
  entry rest_;
};

}  // namespace bulwark
