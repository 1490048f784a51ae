// SPDX-License-Identifier: BSD-3-Clause
#include "staleness_checker.hpp"

#include <algorithm>

namespace bulwark::test {

using consensus::slot;

slot staleness_checker::place_of(const std::string& key, const std::string& value) const {
  return value.empty() ? slot::none : agreement_.place_of(key + " " + value);
}

slot staleness_checker::floor_at(const std::string& key, instant when) const {
  const auto found = told_.find(key);
  if (found == told_.end()) return slot::none;
  const auto& all = found->second;
  const auto later = std::upper_bound(all.begin(), all.end(), when,
                                      [](instant moment, const told& one) { return moment < one.at; });
  return later == all.begin() ? slot::none : std::prev(later)->place;
}

void staleness_checker::on_told(const std::string& key, const std::string& value, instant now) {
  const auto place = place_of(key, value);
  auto& all = told_[key];
  if (place > (all.empty() ? slot::none : all.back().place)) all.push_back({now, place});
}

bool staleness_checker::on_stale_answer(const std::string& key, const std::string& value, duration age,
                                        instant now) {
  const auto place = place_of(key, value);
  violations_.expect(value.empty() || place != slot::none, "a stale read returned what is not chosen");
  // What was told at that very moment may be missing: "before" is before.
  const auto floor = floor_at(key, now - age - duration{1});
  if (place < floor)
    violations_.add("a stale read of " + key + " returned \"" + value + "\" of slot " + to_string(place) +
                    ", " + std::to_string(age.count()) + " ns old, but that long ago slot " +
                    to_string(floor) + " had been told");
  const bool is_behind = place < floor_at(key, now);
  on_told(key, value, now);
  return is_behind;
}

}  // namespace bulwark::test
