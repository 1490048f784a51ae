// SPDX-License-Identifier: BSD-3-Clause
// Goal: whatever system call fails, and whenever the power is cut, an append that returned is never lost, and
// an append that did
//       not return is there as a whole or not at all.
// Method: the same history is run once per system call with a fault in that call; then the machine restarts
// and the log is compared
//         with the model of what had returned.
#include <gtest/gtest.h>

#include <cerrno>

#include "log_fixture.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;

constexpr std::uint64_t fault_last_slot = 20;
const std::vector fault_groups{group_id{1}, group_id{2}};

/// Lives through a history of appends; knows what returned and what may be there as well.
struct history {
  explicit history(std::uint64_t seed) : random{seed} {}

  /// Opens the log and appends until done or hit by a fault. False if a fault came.
  bool live(simulated_disk& disk, int appends) {
    try {
      file_log_store log{log_options_on(disk)};
      for (int i = 0; i < appends; ++i) {
        const auto batch = random_batch(random, fault_last_slot, 2, i % 7 == 6 ? 12'000 : 900);
        perhaps = done;
        perhaps.apply(batch);
        log.append(batch);
        done = perhaps;
      }
      return true;
    } catch (const power_failed&) {
      return false;
    } catch (const log_failure& failure) {
      EXPECT_NE(failure.code(), log_error::damaged) << failure.what();
      return false;
    }
  }

  /// Opens the log without faults; what it holds is from now on what is done.
  void expect_kept(simulated_disk& disk) {
    file_log_store log{log_options_on(disk)};
    const auto found = read_back(log, fault_groups, fault_last_slot);
    if (found == readable(perhaps)) done = perhaps;
    ASSERT_EQ(found, readable(done));
    perhaps = done;
  }

  std::mt19937_64 random;
  log_model done;     ///< all appends that returned
  log_model perhaps;  ///< and the one that did not
};

std::uint64_t calls_of_a_life(std::uint64_t seed, int appends) {
  simulated_disk disk;
  history{seed}.live(disk, appends);
  return disk.calls();
}

TEST(file_log_faults, a_power_cut_during_any_call_loses_no_append_that_returned) {
  constexpr int appends = 24;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const auto calls = calls_of_a_life(seed, appends);
    ASSERT_GT(calls, 60u);
    for (std::uint64_t call = 0; call < calls; ++call) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " call " + std::to_string(call));
      simulated_disk disk;
      history story{seed};
      disk.cut_power_at(call);
      EXPECT_FALSE(story.live(disk, appends));
      disk.restore_power(seed * 1000 + call);
      ASSERT_NO_FATAL_FAILURE(story.expect_kept(disk));
      // And again, this time while recovering or soon after.
      disk.cut_power_at(disk.calls() + call % 12);
      story.live(disk, 3);
      disk.restore_power(seed * 2000 + call);
      ASSERT_NO_FATAL_FAILURE(story.expect_kept(disk));
    }
  }
}

TEST(file_log_faults, a_failed_call_anywhere_loses_no_append_that_returned_even_if_the_power_is_cut_later) {
  constexpr int appends = 24;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto calls = calls_of_a_life(seed, appends);
    for (std::uint64_t call = 0; call < calls; ++call) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " call " + std::to_string(call));
      simulated_disk disk;
      history story{seed};
      disk.fail_call(call, EIO);
      story.live(disk, appends);
      // The process restarts at once, while the page cache still shows what the failed sync dropped; then the
      // power fails.
      ASSERT_NO_FATAL_FAILURE(story.expect_kept(disk));
      disk.cut_power_at(disk.calls());
      story.live(disk, 1);
      disk.restore_power(call);
      ASSERT_NO_FATAL_FAILURE(story.expect_kept(disk));
    }
  }
}

TEST(file_log_faults, after_a_failed_write_or_sync_nothing_is_taken_any_more) {
  for (std::uint64_t call = 0; call < 2; ++call) {
    simulated_disk disk;
    file_log_store log{log_options_on(disk)};
    disk.fail_call(disk.calls() + call, EIO);
    for (int attempt = 0; attempt < 3; ++attempt) {
      try {
        log.append(std::vector{entry_record(1, 1, "x")});
        FAIL() << "acknowledged after a failure";
      } catch (const log_failure& failure) {
        EXPECT_EQ(failure.code(), log_error::failed);
      }
    }
    EXPECT_TRUE(log.recover(main_group).entries.empty());
  }
}

/// Fills the disk; the number of appends that were taken.
std::uint64_t append_until_full(log_store& log, log_model& model) {
  for (std::uint64_t at = 1; at <= 100; ++at) {
    const std::vector batch{entry_record(at, 1, std::string(1000, 'f'))};
    try {
      log.append(batch);
    } catch (const log_failure& failure) {
      EXPECT_EQ(failure.code(), log_error::no_space) << failure.what();
      return at - 1;
    }
    model.apply(batch);
  }
  return 100;
}

TEST(file_log_faults, a_full_disk_refuses_whole_appends_and_goes_on_once_there_is_room) {
  for (const bool background : {false, true}) {
    simulated_disk disk;
    auto options = log_options_on(disk);
    options.background = background;
    disk.set_capacity(30'000);
    log_model model;
    file_log_store log{options};
    const auto taken = append_until_full(log, model);
    EXPECT_LT(taken, 30u);
    EXPECT_GT(taken, 5u);
    EXPECT_EQ(read_back(log, {main_group}, 100), model);
    EXPECT_THROW(log.append(std::vector{entry_record(taken + 1, 1, std::string(1000, 'f'))}), log_failure);
    disk.set_capacity(1'000'000);
    const std::vector batch{entry_record(taken + 1, 1, std::string(1000, 'f'))};
    log.append(batch);
    model.apply(batch);
    EXPECT_EQ(read_back(log, {main_group}, 100), model);
  }
}

TEST(file_log_faults, a_log_on_a_full_disk_cannot_be_opened_and_says_why_and_is_whole_later) {
  simulated_disk disk;
  log_model model;
  {
    file_log_store log{log_options_on(disk)};
    disk.set_capacity(20'000);
    append_until_full(log, model);
  }
  try {
    file_log_store log{log_options_on(disk)};
    FAIL() << "there was no room for the copy of the last segment";
  } catch (const log_failure& failure) {
    EXPECT_EQ(failure.code(), log_error::no_space) << failure.what();
  }
  disk.set_capacity(1'000'000);
  file_log_store log{log_options_on(disk)};
  EXPECT_EQ(read_back(log, {main_group}, 100), model);
}

TEST(file_log_faults, the_power_may_fail_while_a_segment_is_zeroed_in_the_background) {
  for (std::uint64_t call = 0; call < 60; ++call) {
    simulated_disk disk;
    auto options = log_options_on(disk);
    options.background = true;
    log_model model;
    log_model perhaps;
    disk.cut_power_at(call);
    try {
      file_log_store log{options};
      for (std::uint64_t at = 1; at <= 20; ++at) {
        const std::vector batch{entry_record(at, 1, std::string(1000, 'b'))};
        perhaps.apply(batch);
        log.append(batch);
        model = perhaps;
      }
    } catch (const power_failed&) {
    }
    disk.restore_power(call);
    file_log_store log{options};
    const auto found = read_back(log, {main_group}, 20);
    EXPECT_TRUE(found == model || found == perhaps) << "call " << call;
  }
}

}  // namespace
}  // namespace bulwark::test
