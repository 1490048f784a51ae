// SPDX-License-Identifier: BSD-3-Clause
// Goal: snapshots are whole or not there, the log is cut only behind them, and no fault at any moment loses
// either. Method: a log on a simulated disk; each system call fails once, or loses the power; snapshot files
// are damaged.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "snapshot_fixture.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;

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

TEST(snapshot_store, one_that_is_written_in_pieces_is_there_once_it_is_finished_and_appends_go_on_meanwhile) {
  simulated_disk disk;
  file_log_store log{log_options_on(disk)};
  fill(log, 1, 10);
  const auto written = log.begin_snapshot(main_group, slot{10});
  const auto state = state_at(10);
  for (std::size_t at = 0; at < state.size(); at += 7) {
    written->append(std::string_view{state}.substr(at, 7));
    fill(log, 11 + at, 11 + at);
  }
  written->seal();
  EXPECT_EQ(log.recover(main_group).snapshot, slot::none);
  log.finish_snapshot(main_group, *written, false);
  EXPECT_EQ(log.recover(main_group).snapshot, slot{10});
  EXPECT_EQ(log.read_snapshot(main_group, slot{10}, 0, 1 << 20).data, state);
  EXPECT_EQ(written->id(), (snapshot_id{slot{10}, state.size(), snapshot_hash(state)}));
}

std::size_t unfinished_on(simulated_disk& disk) {
  const auto names = disk.list(log_directory);
  return static_cast<std::size_t>(
      std::count_if(names.begin(), names.end(), [](const auto& name) { return name.ends_with(".tmp"); }));
}

TEST(snapshot_store, one_that_is_not_finished_leaves_nothing_behind) {
  simulated_disk disk;
  file_log_store log{log_options_on(disk)};
  const auto before = unfinished_on(disk);
  {
    const auto written = log.begin_snapshot(main_group, slot{10});
    written->append("state");
    EXPECT_EQ(unfinished_on(disk), before + 1);
  }
  EXPECT_EQ(unfinished_on(disk), before);
}

TEST(snapshot_store, what_an_earlier_life_left_half_written_is_removed) {
  simulated_disk disk;
  {
    file_log_store log{log_options_on(disk)};
    fill(log, 1, 3);
    const auto written = log.begin_snapshot(main_group, slot{3});
    written->append(state_at(3));
    written->seal();
    disk.cut_power_at(disk.calls());
  }
  disk.restore_power(1);
  file_log_store log{log_options_on(disk)};
  EXPECT_EQ(log.recover(main_group).snapshot, slot::none);
  EXPECT_EQ(expect_whole(log), 3u);
  for (const auto& name : disk.list(log_directory)) EXPECT_EQ(name.find(".snap"), std::string::npos) << name;
}

TEST(snapshot_store, a_piece_without_room_is_written_again_at_the_same_place) {
  simulated_disk disk;
  file_log_store log{log_options_on(disk)};
  fill(log, 1, 3);
  const auto written = log.begin_snapshot(main_group, slot{3});
  const auto state = state_at(3);
  written->append(std::string_view{state}.substr(0, 9));
  disk.fail_call(disk.calls(), ENOSPC);
  EXPECT_THROW(written->append(std::string_view{state}.substr(9)), log_failure);
  EXPECT_EQ(written->id().total, 9u);
  written->append(std::string_view{state}.substr(9));
  written->seal();
  log.finish_snapshot(main_group, *written, true);
  EXPECT_EQ(expect_whole(log), 3u);
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

/// Appends and snapshots, own ones in pieces between the appends, and one of another member. Returns what is
/// certain: chosen and newest snapshot.
std::pair<std::uint64_t, std::uint64_t> live(simulated_disk& disk) {
  std::uint64_t chosen = 0, newest = 0;
  try {
    file_log_store log{log_options_on(disk)};
    std::unique_ptr<snapshot_writer> written;
    std::string state;
    for (std::uint64_t at = 1; at <= 13; ++at) {
      fill(log, at, at);
      chosen = at;
      if (written) written->append(std::string_view{state}.substr(20));
      if (at % 3 == 0) {
        written = log.begin_snapshot(main_group, slot{at});
        state = state_at(at);
        written->append(std::string_view{state}.substr(0, 20));
      } else if (written) {
        written->seal();
        log.finish_snapshot(main_group, *written, false);
        newest = number(written->id().at);
        written.reset();
      }
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
