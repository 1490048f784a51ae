// SPDX-License-Identifier: BSD-3-Clause
// Goal: snapshots are whole or not there, the log is cut only behind them, and no fault at any moment loses
// either. Method: a log on a simulated disk; each system call fails once, or loses the power; snapshot files
// are damaged.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "log_fixture.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;

std::string state_at(std::uint64_t at) { return "state " + std::to_string(at) + std::string(at * 10, 's'); }

std::size_t segments_on(simulated_disk& disk) {
  const auto names = disk.list(log_directory);
  return static_cast<std::size_t>(
      std::count_if(names.begin(), names.end(), [](const auto& name) { return name.ends_with(".log"); }));
}

/// Appends slots first..last, chosen, about a third of a segment each.
void fill(log_store& log, std::uint64_t first, std::uint64_t last) {
  for (auto at = first; at <= last; ++at) {
    const std::vector batch{entry_record(at, 1, std::string(2500, 'x')), chosen_to(at)};
    log.append(batch);
  }
}

void save(log_store& log, std::uint64_t at, bool installed = false) {
  log.save_snapshot(main_group, slot{at}, state_at(at), installed);
}

/// What a replica would make of the log: the newest snapshot, and every slot behind it without a gap.
std::uint64_t expect_whole(log_store& log) {
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

TEST(snapshot_store, two_are_kept_and_the_log_before_the_older_one_goes) {
  simulated_disk disk;
  file_log_store log{log_options_on(disk)};
  log.append(std::vector{promise_of(9)});
  fill(log, 1, 30);
  const auto before = segments_on(disk);
  save(log, 10);
  EXPECT_EQ(log.kept(main_group), slot::none) << "nothing to fall back to yet";
  save(log, 20);
  EXPECT_EQ(log.kept(main_group), slot{10});
  EXPECT_LT(segments_on(disk), before);
  EXPECT_TRUE(log.read(main_group, slot{10}, slot{10}, 1).empty());
  save(log, 30);
  EXPECT_EQ(log.kept(main_group), slot{20});
  EXPECT_EQ(log.read_snapshot(main_group, slot{10}, 0, 1000).of.at, slot{30}) << "gone: the newest instead";
  EXPECT_EQ(log.read_snapshot(main_group, slot{20}, 3, 4).data, state_at(20).substr(3, 4));
  expect_whole(log);
}

TEST(snapshot_store, the_next_life_finds_snapshot_promise_and_log) {
  simulated_disk disk;
  {
    file_log_store log{log_options_on(disk)};
    log.append(std::vector{promise_of(9)});
    fill(log, 1, 25);
    save(log, 10);
    save(log, 20);
  }
  file_log_store log{log_options_on(disk)};
  const auto found = log.recover(main_group);
  EXPECT_EQ(found.promised, (ballot{9, node_id{3}})) << "its segment is gone";
  EXPECT_EQ(found.snapshot, slot{20});
  EXPECT_EQ(found.kept, slot{10});
  EXPECT_EQ(expect_whole(log), 25u);
}

TEST(snapshot_store, an_installed_one_stands_alone) {
  simulated_disk disk;
  {
    file_log_store log{log_options_on(disk)};
    fill(log, 1, 12);
    save(log, 5);
    save(log, 100, true);
    EXPECT_EQ(log.kept(main_group), slot{100});
    log.append(std::vector{entry_record(101, 3, "behind")});
    log.append(std::vector{entry_record(7, 1, "too late")});
    EXPECT_TRUE(log.read(main_group, slot{7}, slot{7}, 1).empty());
  }
  file_log_store log{log_options_on(disk)};
  const auto found = log.recover(main_group);
  EXPECT_EQ(found.snapshot, slot{100});
  EXPECT_EQ(found.chosen, slot{100});
  ASSERT_EQ(found.entries.size(), 1u);
  EXPECT_EQ(found.entries[0].at, slot{101});
}

TEST(snapshot_store, groups_do_not_cut_each_others_log) {
  simulated_disk disk;
  const group_id other{2};
  file_log_store log{log_options_on(disk)};
  log.append(std::vector{entry_record(1, 1, "old and needed", other)});
  fill(log, 1, 30);
  save(log, 20);
  save(log, 30);
  EXPECT_EQ(log.read(other, slot{1}, slot{1}, 1).size(), 1u);
  EXPECT_EQ(log.kept(other), slot::none);
}

TEST(snapshot_store, a_damaged_one_is_passed_over_for_the_one_before_it) {
  const auto name = std::filesystem::path{log_directory} / "00000001-0000000000000014.snap";
  for (const std::size_t cut : {0u, 1u, 63u, 64u, 65u, 100u, 200u}) {
    simulated_disk disk;
    {
      file_log_store log{log_options_on(disk)};
      fill(log, 1, 25);
      save(log, 10);
      save(log, 20);
    }
    auto contents = disk.contents(name);
    ASSERT_GT(contents.size(), cut);
    disk.put(name, contents.substr(0, cut));
    file_log_store log{log_options_on(disk)};
    EXPECT_EQ(log.recover(main_group).snapshot, slot{10});
    EXPECT_EQ(expect_whole(log), 25u);
  }
}

TEST(snapshot_store, any_flipped_bit_is_found_and_without_a_whole_one_the_log_does_not_open) {
  const auto name = std::filesystem::path{log_directory} / "00000001-0000000000000014.snap";
  simulated_disk disk;
  {
    file_log_store log{log_options_on(disk)};
    fill(log, 1, 12);
    save(log, 20, true);
  }
  const auto good = disk.contents(name);
  for (std::size_t bit = 0; bit < good.size() * 8; bit += 7) {
    auto bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    disk.put(name, bad);
    try {
      file_log_store log{log_options_on(disk)};
      ADD_FAILURE() << "bit " << bit << " was not missed";
    } catch (const log_failure& failure) {
      EXPECT_EQ(failure.code(), log_error::damaged);
    }
  }
}

/// Appends and snapshots, own ones and one of another member. Returns what is certain: chosen and newest
/// snapshot.
std::pair<std::uint64_t, std::uint64_t> live(simulated_disk& disk) {
  std::uint64_t chosen = 0, newest = 0;
  try {
    file_log_store log{log_options_on(disk)};
    for (std::uint64_t at = 1; at <= 12; ++at) {
      fill(log, at, at);
      chosen = at;
      if (at % 3 != 0) continue;
      save(log, at);
      newest = at;
    }
    save(log, 40, true);
    newest = chosen = 40;
    fill(log, 41, 44);
    chosen = 44;
    save(log, 43);
    newest = 43;
  } catch (const power_failed&) {
  } catch (const log_failure& failure) {
    EXPECT_NE(failure.code(), log_error::damaged) << failure.what();
  }
  return {chosen, newest};
}

std::uint64_t calls_of_a_life() {
  simulated_disk disk;
  live(disk);
  return disk.calls();
}

TEST(snapshot_store, a_power_cut_during_any_call_loses_nothing) {
  const auto calls = calls_of_a_life();
  for (std::uint64_t call = 1; call <= calls; ++call) {
    simulated_disk disk;
    disk.cut_power_at(call);
    const auto [chosen, newest] = live(disk);
    disk.restore_power(call);
    file_log_store log{log_options_on(disk)};
    EXPECT_GE(expect_whole(log), chosen) << "power cut at call " << call;
    EXPECT_GE(number(log.recover(main_group).snapshot), newest) << "power cut at call " << call;
  }
}

TEST(snapshot_store, a_failure_of_any_call_loses_nothing_even_if_the_power_is_cut_later) {
  const auto calls = calls_of_a_life();
  for (const int error : {EIO, ENOSPC})
    for (std::uint64_t call = 1; call <= calls; ++call) {
      simulated_disk disk;
      disk.fail_call(call, error);
      const auto [chosen, newest] = live(disk);
      disk.restore_power(call);
      file_log_store log{log_options_on(disk)};
      EXPECT_GE(expect_whole(log), chosen) << "error " << error << " at call " << call;
      EXPECT_GE(number(log.recover(main_group).snapshot), newest) << "error " << error << " at call " << call;
    }
}

}  // namespace
}  // namespace bulwark::test
