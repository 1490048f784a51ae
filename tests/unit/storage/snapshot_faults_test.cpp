// SPDX-License-Identifier: BSD-3-Clause
// Goal: what the log cuts, removes and remembers around snapshots is right to the letter, and what fails on
// the way is either as before or final. Method: a log on a simulated disk, single calls that fail, files that
// are taken away, exchanged or damaged between two lives.
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <optional>

#include "snapshot_fixture.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;

std::size_t snapshots_on(simulated_disk& disk) {
  const auto names = disk.list(log_directory);
  return static_cast<std::size_t>(
      std::count_if(names.begin(), names.end(), [](const auto& name) { return name.ends_with(".snap"); }));
}

std::optional<log_error> failure_to_open(simulated_disk& disk) {
  return failure_of([&] { const file_log_store log{log_options_on(disk)}; });
}

/// A log of 25 slots in several segments that is cut behind slot 10, and closed.
void live_and_cut(simulated_disk& disk) {
  file_log_store log{log_options_on(disk)};
  fill(log, 1, 25);
  save(log, 10);
  save(log, 20);
}

TEST(snapshot_faults, an_older_one_or_the_same_again_changes_nothing) {
  simulated_disk disk;
  file_log_store log{log_options_on(disk)};
  fill(log, 1, 30);
  save(log, 20);
  save(log, 20);
  save(log, 10);
  EXPECT_EQ(snapshots_on(disk), 1u);
  EXPECT_EQ(log.kept(main_group), slot::none) << "there is still but one";
  EXPECT_EQ(log.recover(main_group).snapshot, slot{20});
}

TEST(snapshot_faults, an_installed_one_removes_all_others) {
  simulated_disk disk;
  file_log_store log{log_options_on(disk)};
  fill(log, 1, 12);
  save(log, 5);
  save(log, 100, true);
  EXPECT_EQ(snapshots_on(disk), 1u);
}

TEST(snapshot_faults, a_latched_log_begins_none) {
  simulated_disk disk;
  file_log_store log{log_options_on(disk)};
  fill(log, 1, 3);
  disk.fail_call(disk.calls(), EIO);
  EXPECT_EQ(failure_of([&] { log.append(std::vector{promise_of(1)}); }), log_error::failed);
  EXPECT_EQ(failure_of([&] { static_cast<void>(log.begin_snapshot(main_group, slot{3})); }),
            log_error::failed);
}

TEST(snapshot_faults, a_disk_quota_is_a_full_disk) {
  simulated_disk disk;
  file_log_store log{log_options_on(disk)};
  fill(log, 1, 3);
  disk.fail_call(disk.calls(), EDQUOT);
  EXPECT_EQ(failure_of([&] { static_cast<void>(log.begin_snapshot(main_group, slot{3})); }),
            log_error::no_space);
}

/// Installs a snapshot of slot 100 while each call of it fails in turn; calls `check` with the log and how
/// that ended.
void install_with_failures(int error,
                           const std::function<void(file_log_store&, std::optional<log_error>)>& check) {
  for (std::uint64_t call = 0;; ++call) {
    simulated_disk disk;
    file_log_store log{log_options_on(disk)};
    fill(log, 1, 12);
    const auto written = log.begin_snapshot(main_group, slot{100});
    written->append(state_at(100));
    written->seal();
    const auto before = disk.calls();
    disk.fail_call(before + call, error);
    const auto failure = failure_of([&] { log.finish_snapshot(main_group, *written, true); });
    if (disk.calls() <= before + call) return;
    check(log, failure);
  }
}

TEST(snapshot_faults, after_an_install_that_failed_for_good_nothing_is_taken_any_more) {
  std::size_t failed = 0;
  install_with_failures(EIO, [&](file_log_store& log, std::optional<log_error> failure) {
    if (failure != log_error::failed) return;
    ++failed;
    EXPECT_EQ(failure_of([&] { fill(log, 101, 101); }), log_error::failed);
  });
  EXPECT_GT(failed, 1u);
}

TEST(snapshot_faults, an_install_without_room_says_so) {
  std::size_t without_room = 0;
  install_with_failures(ENOSPC, [&](file_log_store& log, std::optional<log_error> failure) {
    if (failure == log_error::no_space) ++without_room;
    EXPECT_TRUE(failure || log.kept(main_group) == slot{100}) << "it claims to be installed";
  });
  EXPECT_GT(without_room, 1u);
}

TEST(snapshot_faults, the_watermark_survives_the_segment_that_it_stands_in) {
  simulated_disk disk;
  {
    file_log_store log{log_options_on(disk)};
    log.append(std::vector{chosen_to(30)});
    for (std::uint64_t at = 1; at <= 30; ++at)
      log.append(std::vector{entry_record(at, 1, std::string(2500, 'x'))});
    save(log, 10);
    save(log, 20);
  }
  file_log_store log{log_options_on(disk)};
  EXPECT_EQ(log.recover(main_group).chosen, slot{30});
}

TEST(snapshot_faults, where_the_log_of_each_group_begins_is_remembered_beside_the_others) {
  const group_id other{2};
  simulated_disk disk;
  {
    file_log_store log{log_options_on(disk)};
    fill(log, 1, 25);
    for (std::uint64_t at = 1; at <= 9; ++at)
      log.append(std::vector{entry_record(at, 1, "other", other), chosen_to(at, other)});
    save(log, 10);
    save(log, 20);
    log.save_snapshot(other, slot{4}, "four", false);
    log.save_snapshot(other, slot{8}, "eight", false);
  }
  file_log_store log{log_options_on(disk)};
  EXPECT_EQ(log.kept(main_group), slot{10});
  EXPECT_EQ(log.kept(other), slot{4});
}

TEST(snapshot_faults, one_that_was_installed_into_an_empty_log_may_be_cut_off_at_any_call) {
  for (std::uint64_t call = 0; call < 20; ++call) {
    simulated_disk disk;
    try {
      file_log_store log{log_options_on(disk)};
      const auto written = log.begin_snapshot(main_group, slot{100});
      written->append(state_at(100));
      written->seal();
      disk.cut_power_at(disk.calls() + call);
      log.finish_snapshot(main_group, *written, true);
    } catch (const power_failed&) {
    }
    disk.restore_power(call);
    file_log_store log{log_options_on(disk)};
    const auto found = log.recover(main_group);
    EXPECT_EQ(found.kept, found.snapshot) << "power cut at call " << call;
  }
}

TEST(snapshot_faults, a_segment_that_a_crash_left_behind_is_removed) {
  simulated_disk disk;
  live_and_cut(disk);
  const auto left = std::filesystem::path{log_directory} / "0000000000000001.log";
  disk.put(left, "whatever");
  const auto with_it = segments_on(disk);
  const file_log_store log{log_options_on(disk)};
  EXPECT_EQ(segments_on(disk), with_it - 1);
}

TEST(snapshot_faults, a_log_whose_segments_are_all_gone_is_damaged) {
  simulated_disk disk;
  live_and_cut(disk);
  for (const auto& name : disk.list(log_directory))
    if (name.ends_with(".log")) disk.remove(std::filesystem::path{log_directory} / name);
  EXPECT_EQ(failure_to_open(disk), log_error::damaged);
}

TEST(snapshot_faults, a_segment_of_another_history_is_damage) {
  const auto second = std::filesystem::path{log_directory} / "0000000000000002.log";
  simulated_disk disk, other;
  {
    file_log_store log{log_options_on(disk)};
    fill(log, 1, 9);
    file_log_store shorter{log_options_on(other)};
    shorter.append(std::vector{promise_of(1)});  // so that each of its batches has another number
    fill(shorter, 1, 9);
  }
  disk.put(second, other.contents(second));
  EXPECT_EQ(failure_to_open(disk), log_error::damaged);
}

TEST(snapshot_faults, any_flipped_bit_in_the_note_of_where_the_log_begins_is_found) {
  const auto note = std::filesystem::path{log_directory} / "beginning";
  simulated_disk disk;
  live_and_cut(disk);
  const auto good = disk.contents(note);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    disk.put(note, bad);
    EXPECT_EQ(failure_to_open(disk), log_error::damaged) << "bit " << bit;
  }
}

TEST(snapshot_faults, one_under_the_name_of_another_slot_is_not_believed) {
  const auto path_of = [](const char* slot) {
    return std::filesystem::path{log_directory} / ("00000001-00000000000000" + std::string{slot} + ".snap");
  };
  simulated_disk disk;
  live_and_cut(disk);
  disk.put(path_of("1e"), disk.contents(path_of("14")));
  file_log_store log{log_options_on(disk)};
  EXPECT_EQ(log.recover(main_group).snapshot, slot{20});
}

TEST(snapshot_faults, a_log_that_was_cut_behind_one_that_is_gone_is_damaged) {
  simulated_disk disk;
  live_and_cut(disk);
  for (const auto& name : disk.list(log_directory))
    if (name.ends_with(".snap")) disk.remove(std::filesystem::path{log_directory} / name);
  EXPECT_EQ(failure_to_open(disk), log_error::damaged);
}

}  // namespace
}  // namespace bulwark::test
