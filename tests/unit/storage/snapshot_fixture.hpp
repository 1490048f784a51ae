// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bulwark/consensus/core/snapshot.hpp"
#include "log_fixture.hpp"

namespace bulwark::test {

inline std::string state_at(std::uint64_t at) {
  return "state " + std::to_string(at) + std::string(at * 10, 's');
}

inline std::size_t segments_on(simulated_disk& disk) {
  const auto names = disk.list(log_directory);
  return static_cast<std::size_t>(
      std::count_if(names.begin(), names.end(), [](const auto& name) { return name.ends_with(".log"); }));
}

/// Appends slots first..last, chosen, about a third of a segment each.
inline void fill(consensus::log_store& log, std::uint64_t first, std::uint64_t last) {
  for (auto at = first; at <= last; ++at) {
    const std::vector batch{entry_record(at, 1, std::string(2500, 'x')), chosen_to(at)};
    log.append(batch);
  }
}

inline void save(consensus::log_store& log, std::uint64_t at, bool installed = false) {
  log.save_snapshot(main_group, consensus::slot{at}, state_at(at), installed);
}

/// What a replica would make of the log: the newest snapshot, and every slot behind it without a gap.
inline std::uint64_t expect_whole(consensus::log_store& log) {
  using namespace consensus;
  const auto found = log.recover(main_group);
  EXPECT_LE(found.kept, found.snapshot);
  EXPECT_LE(found.snapshot, found.chosen);
  if (found.snapshot != slot::none) {
    const auto part = log.read_snapshot(main_group, found.snapshot, 0, 1 << 20);
    EXPECT_EQ(part.data, state_at(number(found.snapshot)));
    EXPECT_EQ(part.of.hash, snapshot_hash(part.data));
  }
  for (auto at = next(found.kept); at <= found.chosen; at = next(at))
    EXPECT_EQ(log.read(main_group, at, at, 1).size(), 1u) << "slot " << to_string(at);
  return number(found.chosen);
}

/// How the action fails; none if it does not.
inline std::optional<consensus::log_error> failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const consensus::log_failure& failure) {
    return failure.code();
  }
  return std::nullopt;
}

}  // namespace bulwark::test
