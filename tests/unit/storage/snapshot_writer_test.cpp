// SPDX-License-Identifier: BSD-3-Clause
// Goal: a snapshot that may have lost bytes is never sealed, and one that only its name lacks can be named
// later.
// Method: writers on a simulated disk, one call of which fails.
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "snapshot_fixture.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;

class snapshot_writer_test : public testing::Test {
 protected:
  /// The next call of the disk fails.
  void fail_next(int error) { disk.fail_call(disk.calls(), error); }
  std::optional<log_error> appending(std::string_view piece) {
    return failure_of([&] { writer->append(piece); });
  }
  std::optional<log_error> sealing() {
    return failure_of([&] { writer->seal(); });
  }
  std::optional<log_error> publishing() {
    return failure_of([&] { writer->publish(); });
  }

  simulated_disk disk;
  file_log_store log{log_options_on(disk)};
  std::unique_ptr<snapshot_writer> writer = log.begin_snapshot(main_group, slot{3});
};

TEST_F(snapshot_writer_test, after_a_write_that_failed_nothing_more_is_taken) {
  fail_next(EIO);
  EXPECT_EQ(appending("one"), log_error::failed);
  EXPECT_EQ(appending("one"), log_error::failed);
  EXPECT_EQ(sealing(), log_error::failed);
}

TEST_F(snapshot_writer_test, long_ones_are_synced_on_the_way_and_not_more_often_than_that) {
  const std::string half_a_megabyte(512 << 10, 'x');
  EXPECT_EQ(appending(half_a_megabyte), std::nullopt);
  auto before = disk.calls();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(appending(half_a_megabyte), std::nullopt);
  EXPECT_EQ(disk.calls() - before, 8u + 2u) << "two syncs of two megabytes each";
}

TEST_F(snapshot_writer_test, after_a_sync_that_failed_nothing_more_is_taken) {
  const std::string a_megabyte(1 << 20, 'x');
  EXPECT_EQ(appending(a_megabyte), std::nullopt);
  disk.fail_call(disk.calls() + 1, EIO);
  EXPECT_EQ(appending(a_megabyte), log_error::failed);
  EXPECT_EQ(appending("more"), log_error::failed) << "nothing is known of what was written before";
  EXPECT_EQ(sealing(), log_error::failed);
}

TEST_F(snapshot_writer_test, a_seal_that_failed_is_not_tried_again) {
  EXPECT_EQ(appending("one"), std::nullopt);
  fail_next(EIO);
  EXPECT_EQ(sealing(), log_error::failed);
  EXPECT_EQ(sealing(), log_error::failed);
  EXPECT_EQ(appending("more"), log_error::failed);
}

TEST_F(snapshot_writer_test, a_name_that_is_not_on_the_medium_yet_is_brought_there_by_the_next_attempt) {
  EXPECT_EQ(appending("one"), std::nullopt);
  EXPECT_EQ(sealing(), std::nullopt);
  disk.fail_call(disk.calls() + 1, ENOSPC);
  EXPECT_EQ(publishing(), log_error::no_space);
  EXPECT_EQ(publishing(), std::nullopt);
}

}  // namespace
}  // namespace bulwark::test
