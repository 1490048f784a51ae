// SPDX-License-Identifier: BSD-3-Clause
// Goal: the log in memory behaves like the one in files, and loses what a test tells it to lose.
// Method: random histories compared with the model; records held back from the medium, then a power cut.
#include "bulwark/consensus/memory_log_store.hpp"

#include <gtest/gtest.h>

#include "log_fixture.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;

TEST(memory_log_store, random_histories_agree_with_the_model_over_lives) {
  const std::vector groups{group_id{1}, group_id{2}};
  std::mt19937_64 random{3};
  const auto medium = std::make_shared<memory_log_medium>();
  log_model model;
  for (int life = 0; life < 5; ++life) {
    memory_log_store log{medium};
    for (int i = 0; i < 20; ++i) {
      const auto batch = random_batch(random, 30, 2, 100);
      log.append(batch);
      model.apply(batch);
    }
    ASSERT_EQ(read_back(log, groups, 30), readable(model));
  }
}

TEST(memory_log_store, a_power_cut_loses_what_was_held_back) {
  const auto medium = std::make_shared<memory_log_medium>();
  memory_log_store log{medium};
  log.append(std::vector{entry_record(1, 1, "kept")});
  medium->hold_back(true);
  log.append(std::vector{entry_record(2, 1, "synced")});
  medium->sync();
  log.append(std::vector{entry_record(3, 1, "lost"), promise_of(9)});
  EXPECT_EQ(log.recover(main_group).entries.size(), 3u);
  medium->power_cut();
  const auto state = memory_log_store{medium}.recover(main_group);
  EXPECT_EQ(state.entries.size(), 2u);
  EXPECT_EQ(state.promised, ballot{});
}

TEST(memory_log_store, a_failure_latches_until_reopened_and_a_full_disk_does_not) {
  const auto medium = std::make_shared<memory_log_medium>();
  memory_log_store log{medium};
  const std::vector batch{entry_record(1, 1, "x")};
  medium->fail_appends(log_error::no_space);
  EXPECT_THROW(log.append(batch), log_failure);
  medium->fail_appends({});
  log.append(batch);
  medium->fail_appends(log_error::failed);
  EXPECT_THROW(log.append(batch), log_failure);
  medium->fail_appends({});
  EXPECT_THROW(log.append(batch), log_failure);
  memory_log_store{medium}.append(batch);
}

}  // namespace
}  // namespace bulwark::test
