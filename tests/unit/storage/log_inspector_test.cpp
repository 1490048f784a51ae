// SPDX-License-Identifier: BSD-3-Clause
// Goal: inspecting a log tells all that it holds, and all that is damaged, and changes nothing.
// Method: logs on a simulated disk, whole, cut and flipped.
#include "bulwark/consensus/log_inspector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "bulwark/consensus/file_log_store.hpp"
#include "log_fixture.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct log_notes final : log_visitor {
  void on_beginning(std::uint64_t, group_id, slot kept) override { kept_up_to = kept; }
  void on_snapshot(const snapshot& what) override { snapshots.push_back(what); }
  void on_segment(const segment& what) override { segments.push_back(what.number); }
  void on_record(const place& where, const group_record& what) override {
    places.push_back(where);
    records.push_back(what);
  }
  void on_damage(const std::string& what) override { damages.push_back(what); }

  slot kept_up_to{};
  std::vector<snapshot> snapshots;
  std::vector<std::uint64_t> segments;
  std::vector<place> places;
  std::vector<group_record> records;
  std::vector<std::string> damages;
};

log_visitor::totals inspect_disk(simulated_disk& disk, log_notes& notes) {
  return inspect_log(log_options_on(disk).directory, notes, disk);
}

TEST(log_inspector, tells_every_record_in_its_order_and_where_it_lies) {
  simulated_disk disk;
  const std::vector batch{promise_of(5), entry_record(1, 5, "one"), chosen_to(1)};
  {
    file_log_store log{log_options_on(disk)};
    log.append(batch);
    log.append(std::vector{entry_record(2, 5, "two")});
  }
  log_notes notes;
  const auto all = inspect_disk(disk, notes);
  EXPECT_EQ(all.batches, 2u);
  EXPECT_EQ(all.records, 4u);
  EXPECT_FALSE(all.torn);
  EXPECT_THAT(notes.damages, IsEmpty());
  EXPECT_THAT(notes.segments, ElementsAre(1));
  ASSERT_THAT(notes.records, SizeIs(4));
  for (std::size_t i = 0; i < batch.size(); ++i) EXPECT_EQ(notes.records[i].what, batch[i].what) << i;
  EXPECT_EQ(notes.places[1].batch, 1u);
  EXPECT_EQ(notes.places[3].batch, 2u);
  EXPECT_EQ(notes.places[1].offset, notes.places[0].offset + notes.places[0].bytes);
}

TEST(log_inspector, reads_a_log_that_is_open_and_leaves_it_alone) {
  simulated_disk disk;
  file_log_store log{log_options_on(disk)};
  log.append(std::vector{entry_record(1, 5, "one")});
  log_notes notes;
  inspect_disk(disk, notes);
  EXPECT_THAT(notes.records, SizeIs(1));
  EXPECT_THAT(notes.damages, IsEmpty());
  log.append(std::vector{entry_record(2, 5, "two")});
  log_notes later;
  EXPECT_EQ(inspect_disk(disk, later).records, 2u);
}

TEST(log_inspector, tells_of_snapshots_and_where_the_log_begins) {
  simulated_disk disk;
  file_log_store log{log_options_on(disk)};
  for (int at = 1; at <= 4; ++at) {
    log.append(std::vector{entry_record(at, 5, "x"), chosen_to(at)});
    log.save_snapshot(main_group, slot{static_cast<std::uint64_t>(at)}, "state " + std::to_string(at), false);
  }
  log_notes notes;
  EXPECT_EQ(inspect_disk(disk, notes).snapshots, 2u);
  ASSERT_THAT(notes.snapshots, SizeIs(2));
  EXPECT_TRUE(notes.snapshots[0].whole && notes.snapshots[1].whole);
  EXPECT_EQ(notes.snapshots[1].at, slot{4});
  EXPECT_EQ(notes.kept_up_to, slot{3});
}

TEST(log_inspector, an_empty_directory_has_an_empty_log) {
  simulated_disk disk;
  disk.create_directories(log_options_on(disk).directory);
  log_notes notes;
  const auto all = inspect_disk(disk, notes);
  EXPECT_EQ(all.segments + all.records + all.snapshots, 0u);
  EXPECT_THAT(notes.damages, IsEmpty());
}

TEST(log_inspector, finds_damage_exactly_where_a_store_refuses_to_open) {
  simulated_disk disk;
  {
    file_log_store log{log_options_on(disk)};
    for (std::uint64_t at = 1; at <= 30; ++at)
      log.append(
          std::vector{promise_of(at), entry_record(at, at, std::string(at % 3 == 0 ? 1500 : 90, 'p'))});
  }
  std::map<std::string, std::string> whole;
  for (const auto& name : disk.list(log_directory)) whole[name] = disk.contents(log_directory + "/" + name);
  ASSERT_GE(whole.size(), 3u);
  std::size_t refused = 0, opened = 0;
  for (const auto& [damaged, contents] : whole) {
    for (std::size_t at = 0; at < contents.size(); at += 61) {
      for (const auto& [name, good] : whole) disk.put(log_directory + "/" + name, good);
      auto bad = contents;
      bad[at] = static_cast<char>(bad[at] ^ 0x10);
      disk.put(log_directory + "/" + damaged, bad);
      log_notes notes;
      inspect_disk(disk, notes);
      bool refuses = false;
      try {
        file_log_store log{log_options_on(disk)};
      } catch (const log_failure& failure) {
        refuses = true;
        ASSERT_THAT(notes.damages, testing::Not(IsEmpty())) << failure.what();
        EXPECT_EQ(notes.damages[0], failure.what());
      }
      ASSERT_EQ(!notes.damages.empty(), refuses) << damaged << " at " << at;
      ++(refuses ? refused : opened);
    }
  }
  EXPECT_GT(refused, 0u);
  EXPECT_GT(opened, 0u) << "an end that may be torn is no damage";
}

TEST(log_inspector, a_missing_segment_is_damage_and_the_rest_is_told) {
  simulated_disk disk;
  {
    file_log_store log{log_options_on(disk)};
    for (std::uint64_t at = 1; at <= 30; ++at)
      log.append(std::vector{entry_record(at, at, std::string(1500, 'p'))});
  }
  log_notes before;
  inspect_disk(disk, before);
  ASSERT_GE(before.segments.size(), 3u);
  disk.remove(log_directory + "/0000000000000002.log");
  log_notes notes;
  inspect_disk(disk, notes);
  ASSERT_THAT(notes.damages, testing::Not(IsEmpty()));
  EXPECT_THAT(notes.damages[0], HasSubstr("0000000000000002.log, offset 0: the segment is missing"));
  EXPECT_EQ(notes.segments.size(), before.segments.size() - 1);
}

}  // namespace
}  // namespace bulwark::test
