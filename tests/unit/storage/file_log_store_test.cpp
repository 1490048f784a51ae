// SPDX-License-Identifier: BSD-3-Clause
// Goal: the file log gives back what was appended, in one life and in the next.
// Method: fixed cases for each promise of the interface; random histories compared with a model after every
// reopening.
#include "bulwark/consensus/file_log_store.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "log_fixture.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;

std::string payload_of(const value& v) { return v.commands.at(0).payload; }

TEST(file_log_store, a_new_log_is_empty) {
  simulated_disk disk;
  file_log_store log{log_options_on(disk)};
  const auto state = log.recover(main_group);
  EXPECT_EQ(state.promised, ballot{});
  EXPECT_EQ(state.chosen, slot::none);
  EXPECT_TRUE(state.entries.empty());
  EXPECT_TRUE(log.read(main_group, slot{1}, slot{9}, 1000).empty());
}

TEST(file_log_store, appended_records_are_recovered_by_the_next_life) {
  simulated_disk disk;
  {
    file_log_store log{log_options_on(disk)};
    log.append(
        std::vector{promise_of(5), entry_record(1, 5, "one"), entry_record(2, 5, "two"), chosen_to(1)});
  }
  file_log_store log{log_options_on(disk)};
  const auto state = log.recover(main_group);
  EXPECT_EQ(state.promised, (ballot{5, node_id{3}}));
  EXPECT_EQ(state.chosen, slot{1});
  ASSERT_EQ(state.entries.size(), 1u) << "what is chosen is left in the log";
  EXPECT_EQ(state.entries[0], std::get<accepted_entry>(entry_record(2, 5, "two").what));
  const auto chosen = log.read(main_group, slot{1}, slot{1}, 1000);
  ASSERT_EQ(chosen.size(), 1u);
  EXPECT_EQ(payload_of(chosen[0].what), "one");
}

TEST(file_log_store, a_later_record_for_a_slot_replaces_the_earlier_one) {
  simulated_disk disk;
  {
    file_log_store log{log_options_on(disk)};
    log.append(std::vector{entry_record(1, 1, "old")});
    log.append(std::vector{entry_record(1, 2, "new")});
    EXPECT_EQ(payload_of(log.read(main_group, slot{1}, slot{1}, 1)[0].what), "new");
  }
  file_log_store log{log_options_on(disk)};
  EXPECT_EQ(payload_of(log.recover(main_group).entries.at(0).what), "new");
}

TEST(file_log_store, reading_stops_at_gaps_and_at_the_byte_limit_but_gives_one_value) {
  simulated_disk disk;
  file_log_store log{log_options_on(disk)};
  for (const auto at : {1, 2, 3, 5}) log.append(std::vector{entry_record(at, 1, std::string(100, 'x'))});
  EXPECT_EQ(log.read(main_group, slot{1}, slot{9}, 100000).size(), 3u);
  EXPECT_EQ(log.read(main_group, slot{1}, slot{2}, 100000).size(), 2u);
  EXPECT_EQ(log.read(main_group, slot{1}, slot{9}, 1).size(), 1u);
  EXPECT_EQ(log.read(main_group, slot{4}, slot{9}, 100000).size(), 0u);
  EXPECT_EQ(log.read(main_group, slot{1}, slot{9}, 250).size(), 1u) << "each takes more than half of that";
}

TEST(file_log_store, many_values_are_read_at_a_time_whatever_the_limit_and_wherever_they_lie) {
  simulated_disk disk;
  file_log_store log{log_options_on(disk)};
  for (std::uint64_t at = 1; at <= 40; ++at)
    log.append(
        std::vector{entry_record(at, 1, std::string(300 + 37 * at, static_cast<char>('a' + at % 26)))});
  for (std::size_t limit = 300; limit < 20'000; limit += 13) {
    std::uint64_t at = 1;
    while (at <= 40) {
      const auto found = log.read(main_group, slot{at}, slot{40}, limit);
      ASSERT_FALSE(found.empty());
      for (const auto& one : found) {
        ASSERT_EQ(one.at, slot{at});
        const std::string expected(300 + 37 * at, static_cast<char>('a' + at % 26));
        ASSERT_EQ(one.what.commands.at(0).payload, expected) << "limit " << limit;
        ++at;
      }
    }
  }
}

TEST(file_log_store, a_batch_larger_than_a_segment_gets_one_of_its_own) {
  simulated_disk disk;
  const std::string huge(100'000, 'h');
  for (int life = 0; life < 3; ++life) {
    file_log_store log{log_options_on(disk)};
    log.append(std::vector{entry_record(2 * life + 1, 1, huge)});
    log.append(std::vector{entry_record(2 * life + 2, 1, "small")});
  }
  file_log_store log{log_options_on(disk)};
  const auto entries = log.recover(main_group).entries;
  ASSERT_EQ(entries.size(), 6u);
  for (std::size_t i = 0; i < entries.size(); ++i)
    EXPECT_EQ(payload_of(entries[i].what), i % 2 == 0 ? huge : "small");
}

TEST(file_log_store, a_batch_over_the_limit_is_refused_and_changes_nothing) {
  simulated_disk disk;
  auto options = log_options_on(disk);
  options.batch_bytes_max = 10'000;
  file_log_store log{options};
  EXPECT_THROW(log.append(std::vector{entry_record(1, 1, std::string(10'000, 'x'))}), std::length_error);
  log.append(std::vector{entry_record(1, 1, "fits")});
  EXPECT_EQ(log.recover(main_group).entries.size(), 1u);
}

TEST(file_log_store, an_append_of_nothing_writes_nothing) {
  simulated_disk disk;
  file_log_store log{log_options_on(disk)};
  const auto calls = disk.calls();
  log.append({});
  EXPECT_EQ(disk.calls(), calls);
}

TEST(file_log_store, an_append_within_a_segment_is_one_write_and_one_sync) {
  simulated_disk disk;
  file_log_store log{log_options_on(disk)};
  const auto calls = disk.calls();
  log.append(std::vector{promise_of(1), entry_record(1, 1, "a"), entry_record(2, 1, "b"), chosen_to(2)});
  EXPECT_EQ(disk.calls() - calls, 2u);
}

TEST(file_log_store, wild_slot_numbers_cost_no_memory_for_what_lies_between) {
  simulated_disk disk;
  file_log_store log{log_options_on(disk)};
  log.append(std::vector{entry_record(UINT64_MAX, 1, "far"), entry_record(1, 1, "near")});
  EXPECT_EQ(log.recover(main_group).entries.size(), 2u);
  EXPECT_EQ(log.read(main_group, slot{UINT64_MAX}, slot{UINT64_MAX}, 10).size(), 1u);
}

TEST(file_log_store, thousands_of_groups_share_a_log) {
  simulated_disk disk;
  constexpr std::uint32_t groups = 3000;
  {
    file_log_store log{log_options_on(disk)};
    for (std::uint32_t g = 0; g < groups; ++g)
      log.append(
          std::vector{promise_of(g + 1, group_id{g}), entry_record(1, 1, std::to_string(g), group_id{g})});
  }
  file_log_store log{log_options_on(disk)};
  for (std::uint32_t g = 0; g < groups; ++g) {
    const auto state = log.recover(group_id{g});
    EXPECT_EQ(state.promised.round, g + 1);
    ASSERT_EQ(state.entries.size(), 1u);
    EXPECT_EQ(payload_of(state.entries[0].what), std::to_string(g));
  }
}

TEST(file_log_store, random_histories_over_many_lives_agree_with_the_model) {
  constexpr std::uint64_t last_slot = 40;
  const std::vector groups{group_id{1}, group_id{2}, group_id{3}};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    simulated_disk disk;
    disk.write_short(seed % 3 == 0);
    log_model model;
    for (int life = 0; life < 6; ++life) {
      file_log_store log{log_options_on(disk)};
      ASSERT_EQ(read_back(log, groups, last_slot), readable(model)) << "life " << life;
      for (auto appends = random() % 30; appends > 0; --appends) {
        const auto batch = random_batch(random, last_slot, 3, seed % 5 == 0 ? 20'000 : 600);
        log.append(batch);
        model.apply(batch);
      }
      ASSERT_EQ(read_back(log, groups, last_slot), readable(model)) << "end of life " << life;
    }
  }
}

TEST(file_log_store, works_on_the_real_disk_with_segments_zeroed_in_the_background) {
  const auto directory =
      std::filesystem::path{testing::TempDir()} / ("bulwark_log_" + std::to_string(::getpid()));
  std::filesystem::remove_all(directory);
  const file_log_options options{
      .directory = directory, .cluster = "c", .node = node_id{1}, .segment_bytes = 64 << 10};
  for (std::uint64_t life = 0; life < 3; ++life) {
    file_log_store log{options};
    EXPECT_EQ(log.recover(main_group).entries.size(), life * 300);
    for (std::uint64_t i = 1; i <= 300; ++i)
      log.append(std::vector{entry_record(life * 300 + i, 1, std::string(1000, 'x'))});
  }
  EXPECT_GT(std::distance(std::filesystem::directory_iterator{directory}, {}), 10);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace bulwark::test
