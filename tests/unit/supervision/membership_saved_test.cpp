// SPDX-License-Identifier: BSD-3-Clause
// Goal: commands and states survive their bytes, and bytes that nobody vouches for do no harm.
// Method: round trips of every kind; every truncation and every flipped byte of a rich state.
#include <gtest/gtest.h>

#include <string>

#include "bulwark/supervision/core/membership_codec.hpp"
#include "membership_fixture.hpp"

namespace bulwark {
namespace {

using test::membership_run;

const std::vector<members::command>& one_of_each() {
  static const std::vector<members::command> all{
      members::join{{3, 1ull << 40}, "host:1", {"a", "b"}},
      members::ready{{3, 7}},
      members::accuse{{1, 2}, {3, 4}, 5},
      members::withdraw{{1, 2}, {3, 4}},
      members::refute{{3, 7}, 2},
      members::drain{{3, 7}},
      members::leave{{3, 7}},
      members::remove{3},
      members::set_rules{{7, 4, 2, 100}},
  };
  return all;
}

membership_run rich_group() {
  membership_run run{12};
  run.apply(members::join{{20, 5}, "10.0.0.20:7000", {"db", "web"}});
  run.bring_down(3);
  run.bring_down(4);
  run.apply(members::remove{4});
  run.apply(members::drain{{5, 1}});
  run.accuse(run.group.observers_of(7).front(), 7);
  run.refute(7);
  run.accuse(run.group.observers_of(7).back(), 7);
  return run;
}

TEST(membership_codec, every_command_survives_its_bytes) {
  ASSERT_EQ(one_of_each().size(), std::variant_size_v<members::command>);
  for (const auto& what : one_of_each()) EXPECT_EQ(decode_membership_command(encode(what)), what);
}

TEST(membership_codec, what_is_cut_or_too_long_is_no_command) {
  for (const auto& what : one_of_each()) {
    const auto bytes = encode(what);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(decode_membership_command(std::string_view{bytes}.substr(0, size)));
    EXPECT_FALSE(decode_membership_command(bytes + '\0'));
  }
}

TEST(membership_codec, unknown_versions_kinds_and_forged_counts_are_refused) {
  auto bytes = encode(members::ready{{3, 7}});
  bytes[0] = 2;
  EXPECT_FALSE(decode_membership_command(bytes));
  for (const int kind : {0, 10, 255}) {
    bytes = encode(members::ready{{3, 7}});
    bytes[1] = static_cast<char>(kind);
    EXPECT_FALSE(decode_membership_command(bytes));
  }
  auto join = encode(members::join{{3, 7}, {}, {}});
  for (std::size_t i = join.size() - 4; i < join.size(); ++i) join[i] = static_cast<char>(0xff);
  EXPECT_FALSE(decode_membership_command(join));
}

TEST(membership_saved, a_restored_machine_goes_on_alike) {
  auto one = rich_group();
  membership_run other;
  ASSERT_TRUE(other.group.restore(one.group.save()));
  EXPECT_EQ(other.group.save(), one.group.save());
  EXPECT_EQ(other.group.all(), one.group.all());
  for (const std::uint32_t node : {1u, 7u, 20u}) {
    EXPECT_EQ(other.group.observers_of(node), one.group.observers_of(node));
    one.bring_down(node);
    other.bring_down(node);
    EXPECT_EQ(other.changes, one.changes);
  }
  EXPECT_EQ(other.group.save(), one.group.save());
}

TEST(membership_saved, a_cut_state_is_refused_and_changes_nothing) {
  const auto saved = rich_group().group.save();
  membership_run run{2};
  const auto before = run.group.save();
  for (std::size_t size = 0; size < saved.size(); ++size)
    ASSERT_FALSE(run.group.restore(std::string_view{saved}.substr(0, size))) << size;
  EXPECT_FALSE(run.group.restore(saved + '\0'));
  EXPECT_EQ(run.group.save(), before);
}

TEST(membership_saved, flipped_bytes_never_break_the_machine) {
  const auto saved = rich_group().group.save();
  for (std::size_t i = 0; i < saved.size(); ++i) {
    auto damaged = saved;
    damaged[i] = static_cast<char>(damaged[i] ^ 0xff);
    membership group;
    EXPECT_TRUE(!group.restore(damaged) || group.save() == damaged) << "at byte " << i;
  }
}

}  // namespace
}  // namespace bulwark
