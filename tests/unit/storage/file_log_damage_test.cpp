// SPDX-License-Identifier: BSD-3-Clause
// Goal: bytes that are not as they were written are never taken for records; a torn append is told apart from
// damage. Method: a log of several segments on the simulated disk; truncations at every byte, lost sectors,
// every bit flipped, files removed.
#include <gtest/gtest.h>

#include "log_fixture.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;

/// A log of three segments, and what it should hold after each append.
class damaged_log : public testing::Test {
 protected:
  void SetUp() override {
    file_log_store log{log_options_on(disk_)};
    for (std::uint64_t at = 1; at <= appends; ++at) {
      // Payloads of several sectors, some of one, none with zeros.
      const std::vector batch{promise_of(at),
                              entry_record(at, at, std::string(at % 3 == 0 ? 1500 : 90, 'p'))};
      log.append(batch);
      model_.apply(batch);
      history_.push_back(model_);
    }
  }

  static std::string segment(int number) {
    return log_directory + "/000000000000000" + std::to_string(number) + ".log";
  }

  /// What a store opened now holds; the reason if it refuses.
  std::variant<log_model, std::string> reopened(bool ahead = false) {
    auto options = log_options_on(disk_);
    options.background = ahead;
    try {
      file_log_store log{options};
      return read_back(log, {main_group}, appends);
    } catch (const log_failure& failure) {
      EXPECT_EQ(failure.code(), log_error::damaged) << failure.what();
      return failure.what();
    }
  }

  /// End of the last batch in the segment.
  static std::size_t end_of(const std::string& contents) { return contents.find_last_not_of('\0') + 1; }

  static constexpr std::uint64_t appends = 30;
  simulated_disk disk_;
  log_model model_;
  std::vector<log_model> history_;
};

TEST_F(damaged_log, is_whole_before_it_is_damaged) {
  EXPECT_EQ(std::get<log_model>(reopened()), readable(model_));
  EXPECT_EQ(disk_.list(log_directory).size(), 3u);
}

TEST_F(damaged_log, truncating_the_last_segment_anywhere_is_damage_since_its_size_is_known) {
  const auto whole = disk_.contents(segment(3));
  for (std::size_t size = 0; size < whole.size(); size += size < end_of(whole) ? 1 : 97) {
    disk_.put(segment(3), whole.substr(0, size));
    ASSERT_TRUE(std::holds_alternative<std::string>(reopened())) << "size " << size;
  }
}

TEST_F(damaged_log, losing_the_bytes_behind_any_offset_recovers_a_prefix_or_is_refused_but_invents_nothing) {
  const auto whole = disk_.contents(segment(3));
  std::size_t recovered = 0;
  for (std::size_t size = 64; size <= end_of(whole); ++size) {
    auto cut = whole.substr(0, size);
    cut.resize(whole.size(), '\0');
    disk_.put(segment(3), cut);
    const auto found = reopened();
    if (const auto* model = std::get_if<log_model>(&found)) {
      ++recovered;
      ASSERT_TRUE(std::find(history_.begin(), history_.end(), *model) != history_.end()) << "size " << size;
    }
  }
  EXPECT_GT(recovered, 0u);
}

TEST_F(damaged_log, a_last_append_that_lost_whole_sectors_is_cut_off) {
  const auto whole = disk_.contents(segment(3));
  const auto end = end_of(whole);
  // The last append has 1500 bytes of payload: it spans at least two sectors that hold nothing else.
  for (auto lost = (end - 1500 + 511) / 512; lost * 512 < end; ++lost) {
    auto torn = whole;
    const auto size = std::min<std::size_t>(512, end - lost * 512);
    torn.replace(lost * 512, size, size, '\0');
    disk_.put(segment(3), torn);
    const auto found = reopened();
    ASSERT_TRUE(std::holds_alternative<log_model>(found)) << std::get<std::string>(found);
    EXPECT_EQ(std::get<log_model>(found), history_[appends - 2]) << "sector " << lost;
  }
}

TEST_F(damaged_log, a_lost_sector_with_good_appends_behind_it_is_damage) {
  const auto whole = disk_.contents(segment(3));
  auto torn = whole;
  torn.replace(512, 512, 512, '\0');
  disk_.put(segment(3), torn);
  const auto found = reopened();
  ASSERT_TRUE(std::holds_alternative<std::string>(found));
  EXPECT_NE(std::get<std::string>(found).find("0000000000000003.log, offset "), std::string::npos);
}

TEST_F(damaged_log, a_torn_end_of_an_earlier_segment_is_damage) {
  auto torn = disk_.contents(segment(1));
  const auto end = end_of(torn);
  const auto last_sector = (end - 1) / 512 * 512;
  torn.replace(last_sector, end - last_sector, end - last_sector, '\0');
  disk_.put(segment(1), torn);
  EXPECT_TRUE(std::holds_alternative<std::string>(reopened()));
}

TEST_F(damaged_log, any_flipped_bit_in_what_was_written_is_found) {
  for (int number = 1; number <= 3; ++number) {
    const auto whole = disk_.contents(segment(number));
    // Every byte of the last segment, where torn and damaged must be told apart; a sample of the others.
    for (std::size_t at = 0; at < end_of(whole); at += number == 3 ? 1 : 7) {
      auto flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
      disk_.put(segment(number), flipped);
      ASSERT_TRUE(std::holds_alternative<std::string>(reopened())) << "segment " << number << " byte " << at;
    }
    disk_.put(segment(number), whole);
  }
}

TEST_F(damaged_log, a_flipped_bit_in_the_unused_part_loses_nothing) {
  const auto whole = disk_.contents(segment(3));
  for (auto at = end_of(whole); at < whole.size(); at += 13) {
    auto flipped = whole;
    flipped[at] = static_cast<char>(1 << at % 8);
    disk_.put(segment(3), flipped);
    const auto found = reopened();
    if (const auto* model = std::get_if<log_model>(&found)) {
      ASSERT_EQ(*model, readable(model_)) << "byte " << at;
    }
  }
}

TEST_F(damaged_log, a_missing_segment_is_damage) {
  for (int number = 1; number <= 2; ++number) {
    const auto whole = disk_.contents(segment(number));
    disk_.remove(segment(number));
    const auto found = reopened();
    ASSERT_TRUE(std::holds_alternative<std::string>(found)) << number;
    EXPECT_NE(std::get<std::string>(found).find("missing"), std::string::npos);
    disk_.put(segment(number), whole);
  }
}

TEST_F(damaged_log, reading_ahead_finds_the_same_damage) {
  for (int number = 1; number <= 3; ++number) {
    const auto whole = disk_.contents(segment(number));
    auto flipped = whole;
    flipped[100] = static_cast<char>(flipped[100] ^ 1);
    disk_.put(segment(number), flipped);
    const auto found = reopened();
    ASSERT_TRUE(std::holds_alternative<std::string>(found)) << number;
    EXPECT_EQ(found, reopened(true));
    disk_.put(segment(number), whole);
  }
  EXPECT_EQ(std::get<log_model>(reopened(true)), readable(model_));
}

TEST_F(damaged_log, segments_in_each_others_place_are_damage) {
  const auto first = disk_.contents(segment(1));
  disk_.put(segment(1), disk_.contents(segment(2)));
  disk_.put(segment(2), first);
  EXPECT_TRUE(std::holds_alternative<std::string>(reopened()));
}

TEST_F(damaged_log, damage_after_opening_is_found_when_the_value_is_read) {
  file_log_store log{log_options_on(disk_)};
  auto contents = disk_.contents(segment(1));
  contents[contents.find("pppp") + 2] = 'q';
  disk_.put(segment(1), contents);
  try {
    log.read(main_group, slot{1}, slot{1}, 1);
    FAIL() << "the damage was not found";
  } catch (const log_failure& failure) {
    EXPECT_EQ(failure.code(), log_error::damaged);
  }
}

TEST_F(damaged_log, the_log_of_another_node_or_cluster_is_refused_as_foreign) {
  auto other_node = log_options_on(disk_);
  other_node.node = node_id{2};
  auto other_cluster = log_options_on(disk_);
  other_cluster.cluster = "other";
  for (const auto& options : {other_node, other_cluster}) {
    try {
      file_log_store log{options};
      FAIL() << "a foreign log was taken";
    } catch (const log_failure& failure) {
      EXPECT_EQ(failure.code(), log_error::foreign) << failure.what();
    }
  }
}

}  // namespace
}  // namespace bulwark::test
