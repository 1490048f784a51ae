// SPDX-License-Identifier: BSD-3-Clause
// Goal: what was saved comes back, or it is said what is wrong. Method: real files, then each of their bytes
// changed and each of their lengths; a disk that is full.
#include "bulwark/consensus/saved_state.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "simulated_disk.hpp"

namespace bulwark::consensus {
namespace {

std::filesystem::path fresh_file(const std::string& name) {
  const auto path = std::filesystem::path{testing::TempDir()} / ("saved_state_" + name);
  std::filesystem::remove(path);
  return path;
}

std::string contents_of(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void save(const std::filesystem::path& path, slot at, std::string_view state,
          file_layer& files = system_files()) {
  const auto writer = make_saved_state_writer(path, "cluster", at, files);
  while (!state.empty()) {  // in pieces of three bytes
    writer->append(state.substr(0, 3));
    state.remove_prefix(std::min<std::size_t>(3, state.size()));
  }
  writer->seal();
}

std::string read_back(const std::filesystem::path& path, std::size_t piece_bytes = 2,
                      file_layer& files = system_files()) {
  std::string state;
  saved_state_reader{path, files}.read([&](std::string_view piece) { state += piece; }, piece_bytes);
  return state;
}

log_error error_of(const std::filesystem::path& path) {
  try {
    static_cast<void>(read_back(path));
  } catch (const log_failure& problem) {
    return problem.code();
  }
  ADD_FAILURE() << "it was read";
  return log_error::failed;
}

TEST(saved_state, comes_back_however_it_is_cut) {
  const auto path = fresh_file("whole");
  save(path, slot{7}, "the state");
  EXPECT_EQ(saved_state_reader{path}.id(), (snapshot_id{slot{7}, 9, snapshot_hash("the state")}));
  for (std::size_t piece = 1; piece < 12; ++piece) EXPECT_EQ(read_back(path, piece), "the state");
}

TEST(saved_state, of_nothing_is_a_state) {
  const auto path = fresh_file("empty");
  save(path, slot{7}, "");
  EXPECT_EQ(saved_state_reader{path}.id().at, slot{7});
  EXPECT_EQ(read_back(path), "");
}

TEST(saved_state, replaces_an_older_one_only_once_it_is_whole) {
  const auto path = fresh_file("again");
  save(path, slot{7}, "a long state of before");
  {
    const auto given_up = make_saved_state_writer(path, "cluster", slot{8});
    given_up->append("half of it");
  }
  EXPECT_EQ(read_back(path), "a long state of before");
  save(path, slot{9}, "new");
  EXPECT_EQ(read_back(path), "new");
}

TEST(saved_state, after_a_power_cut_at_any_call_the_old_or_the_new_one_is_there) {
  for (std::uint64_t call = 1, survived = 0; survived == 0; ++call) {
    test::simulated_disk disk;
    disk.create_directories("/backup");
    save("/backup/state", slot{1}, "before", disk);
    disk.cut_power_at(disk.calls() + call);
    try {
      save("/backup/state", slot{2}, "after", disk);
      survived = call;
    } catch (const test::power_failed&) {
    }
    disk.restore_power(call);
    const auto found = read_back("/backup/state", 100, disk);
    if (survived > 0)
      EXPECT_EQ(found, "after") << "it was said to be durable";
    else
      EXPECT_TRUE(found == "before" || found == "after") << found << ", call " << call;
  }
}

TEST(saved_state, a_full_disk_is_said_to_be_full_and_keeps_the_old_one) {
  test::simulated_disk disk;
  disk.create_directories("/backup");
  save("/backup/state", slot{1}, "before", disk);
  disk.set_capacity(200);
  try {
    save("/backup/state", slot{2}, std::string(1000, 'x'), disk);
    ADD_FAILURE() << "it was written";
  } catch (const log_failure& problem) {
    EXPECT_EQ(problem.code(), log_error::no_space);
  }
  EXPECT_EQ(read_back("/backup/state", 100, disk), "before");
}

TEST(saved_state, every_flipped_bit_is_found) {
  const auto path = fresh_file("flipped");
  save(path, slot{7}, "state");
  const auto whole = contents_of(path);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto broken = whole;
    broken[i] = static_cast<char>(broken[i] ^ 1 << i % 8);
    std::ofstream{path, std::ios::binary} << broken;
    EXPECT_EQ(error_of(path), log_error::damaged) << "byte " << i;
  }
}

TEST(saved_state, every_cut_is_found) {
  const auto path = fresh_file("cut");
  save(path, slot{7}, "state");
  const auto whole = contents_of(path);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::ofstream{path, std::ios::binary} << whole.substr(0, size);
    EXPECT_EQ(error_of(path), log_error::damaged) << size << " bytes";
  }
  std::ofstream{path, std::ios::binary} << whole << 'x';
  EXPECT_EQ(error_of(path), log_error::damaged) << "a byte too many";
}

TEST(saved_state, what_cannot_be_read_or_written_is_said) {
  EXPECT_EQ(error_of("/no/such/file"), log_error::failed);
  try {
    save("/no/such/file", slot{1}, "x");
    ADD_FAILURE() << "it was written";
  } catch (const log_failure& problem) {
    EXPECT_EQ(problem.code(), log_error::failed);
    EXPECT_NE(std::string{problem.what()}.find("/no/such/file"), std::string::npos) << problem.what();
  }
}

}  // namespace
}  // namespace bulwark::consensus
