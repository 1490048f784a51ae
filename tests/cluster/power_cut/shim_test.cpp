// SPDX-License-Identifier: BSD-3-Clause
// Goal: the simulated disk loses what was not synced when power is cut, and nothing else: tests that stand on
// it
//       would else prove nothing.
// Method: a process that works on files under the shim and kills itself; then the cut, and a look at the
// files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "bulwark/load/process.hpp"
#include "failing_disk.hpp"

namespace bulwark::power_cut {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

constexpr int killed = 128 + 9;

struct power_cut : testing::Test {
  load::temporary_directory home{"power-cut"};
  const std::filesystem::path root = home.path() / "disk";
  failing_disk disk{root};

  power_cut() { std::filesystem::create_directory(root); }

  std::string at(const std::string& name) const { return (root / name).string(); }
  std::string content(const std::string& name) const { return load::file_content(root / name); }
  bool exists(const std::string& name) const { return std::filesystem::exists(root / name); }

  int run(const std::vector<std::string>& script) {
    auto line = disk.launch_prefix();
    line.emplace_back(DISK_SCRIPT);
    line.insert(line.end(), script.begin(), script.end());
    return load::run(line, 20s).exit_code;
  }
  void work(const std::vector<std::string>& script) { ASSERT_EQ(run(script), killed); }
  /// A file with this text, all of it durable.
  void make(const std::string& name, const std::string& text) {
    work({"write", at(name), "0", text, "sync", at(name), "sync_directory", root.string()});
  }
  cut_report lose_all() { return disk.cut(unsynced::lost, 1); }
};

TEST_F(power_cut, what_was_synced_stays) {
  make("file", "synced");
  lose_all();
  EXPECT_EQ(content("file"), "synced");
}

TEST_F(power_cut, what_was_not_synced_is_gone) {
  make("file", "synced");
  work({"write", at("file"), "2", "XXXXXXXXX"});
  EXPECT_EQ(content("file"), "syXXXXXXXXX");
  EXPECT_EQ(lose_all().writes, 1U);
  EXPECT_EQ(content("file"), "synced");
}

TEST_F(power_cut, the_end_of_a_process_makes_nothing_durable) {
  make("file", "synced");
  work({"write", at("file"), "0", "first"});
  work({"write", at("file"), "0", "other"});
  lose_all();
  EXPECT_EQ(content("file"), "synced");
}

TEST_F(power_cut, a_sync_covers_the_writes_of_an_earlier_process) {
  make("file", "synced");
  work({"write", at("file"), "0", "first"});
  work({"sync", at("file")});
  lose_all();
  EXPECT_EQ(content("file"), "firstd");
}

TEST_F(power_cut, a_file_whose_directory_was_not_synced_is_gone) {
  work({"write", at("file"), "0", "synced", "sync", at("file")});
  EXPECT_EQ(lose_all().names, 1U);
  EXPECT_FALSE(exists("file"));
}

TEST_F(power_cut, a_file_that_was_not_synced_is_empty_though_its_name_is_durable) {
  work({"write", at("file"), "0", "text", "sync_directory", root.string()});
  lose_all();
  ASSERT_TRUE(exists("file"));
  EXPECT_THAT(content("file"), IsEmpty());
}

TEST_F(power_cut, a_rename_and_what_it_replaced_come_back_without_a_sync_of_the_directory) {
  make("file", "old");
  make("new", "new");
  work({"rename", at("new"), at("file")});
  EXPECT_EQ(content("file"), "new");
  lose_all();
  EXPECT_EQ(content("file"), "old");
  EXPECT_EQ(content("new"), "new");
  work({"rename", at("new"), at("file"), "sync_directory", root.string()});
  lose_all();
  EXPECT_EQ(content("file"), "new");
  EXPECT_FALSE(exists("new"));
}

TEST_F(power_cut, a_removed_file_comes_back_without_a_sync_of_the_directory) {
  make("file", "old");
  work({"write", at("file"), "0", "X", "remove", at("file")});
  lose_all();
  EXPECT_EQ(content("file"), "old");
  work({"remove", at("file"), "sync_directory", root.string()});
  lose_all();
  EXPECT_FALSE(exists("file"));
}

TEST_F(power_cut, a_file_that_was_emptied_has_its_text_again) {
  make("file", "old and long");
  work({"empty", at("file"), "write", at("file"), "0", "new"});
  EXPECT_EQ(content("file"), "new");
  lose_all();
  EXPECT_EQ(content("file"), "old and long");
}

TEST_F(power_cut, a_directory_is_gone_with_all_that_is_in_it) {
  work({"mkdir", at("inner"), "write", at("inner/file"), "0", "x", "sync", at("inner/file"), "sync_directory",
        at("inner")});
  lose_all();
  EXPECT_FALSE(exists("inner"));
}

TEST_F(power_cut, by_chance_a_write_is_there_or_gone_or_torn_at_a_sector) {
  const std::string old(2048, 'a');
  const std::string fresh(2048, 'b');
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    make("file", old);
    work({"write", at("file"), "0", fresh});
    disk.cut(unsynced::chance, seed);
    const auto found = content("file");
    ASSERT_EQ(found.size(), old.size());
    for (std::size_t i = 0; i < found.size(); ++i)
      ASSERT_EQ(found[i], found[i / 512 * 512]) << "torn within a sector, seed " << seed;
    seen.insert(found);
  }
  EXPECT_EQ(seen.count(old), 1U);
  EXPECT_EQ(seen.count(fresh), 1U);
  EXPECT_GT(seen.size(), 2U) << "never torn";
}

TEST_F(power_cut, a_disk_that_lies_loses_what_it_said_to_be_durable) {
  make("file", "synced");
  disk.control().lies = 1;
  work({"write", at("file"), "0", "XX", "sync", at("file")});
  lose_all();
  EXPECT_EQ(content("file"), "synced");
}

TEST_F(power_cut, after_a_failed_sync_a_second_one_makes_nothing_durable) {
  make("file", "synced");
  disk.control().fail_sync = 1;
  EXPECT_EQ(run({"write", at("file"), "0", "XX", "sync", at("file")}), EIO);
  work({"sync", at("file")});
  lose_all();
  EXPECT_EQ(content("file"), "synced");
}

TEST_F(power_cut, a_full_disk_takes_only_what_needs_no_room) {
  make("file", "synced");
  disk.control().is_full = 1;
  EXPECT_EQ(run({"write", at("file"), "6", "more"}), ENOSPC);
  work({"write", at("file"), "0", "SYNCED", "sync", at("file")});
  disk.control().is_full = 0;
  work({"write", at("file"), "6", "more", "sync", at("file")});
  lose_all();
  EXPECT_EQ(content("file"), "SYNCEDmore");
}

}  // namespace
}  // namespace bulwark::power_cut
