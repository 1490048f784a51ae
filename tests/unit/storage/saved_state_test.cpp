// SPDX-License-Identifier: BSD-3-Clause
// Goal: a state comes back from its file as it was written, or not at all.
#include "bulwark/consensus/saved_state.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "bulwark/consensus/log_store.hpp"

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

log_error error_of(const std::filesystem::path& path) {
  try {
    static_cast<void>(read_saved_state(path));
  } catch (const log_failure& problem) {
    return problem.code();
  }
  ADD_FAILURE() << "it was read";
  return log_error::failed;
}

TEST(saved_state, comes_back) {
  const auto path = fresh_file("whole");
  write_saved_state(path, "cluster", slot{7}, "the state");
  const auto found = read_saved_state(path);
  EXPECT_EQ(found.at, slot{7});
  EXPECT_EQ(found.state, "the state");
}

TEST(saved_state, replaces_an_older_one) {
  const auto path = fresh_file("again");
  write_saved_state(path, "cluster", slot{7}, "a long state of before");
  write_saved_state(path, "cluster", slot{9}, "new");
  EXPECT_EQ(read_saved_state(path).state, "new");
}

TEST(saved_state, every_flipped_bit_is_found) {
  const auto path = fresh_file("flipped");
  write_saved_state(path, "cluster", slot{7}, "state");
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
  write_saved_state(path, "cluster", slot{7}, "state");
  const auto whole = contents_of(path);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::ofstream{path, std::ios::binary} << whole.substr(0, size);
    EXPECT_EQ(error_of(path), log_error::damaged) << size << " bytes";
  }
}

TEST(saved_state, what_cannot_be_read_or_written_is_said) {
  EXPECT_EQ(error_of("/no/such/file"), log_error::failed);
  EXPECT_THROW(write_saved_state("/no/such/file", "cluster", slot{1}, "x"), log_failure);
}

}  // namespace
}  // namespace bulwark::consensus
