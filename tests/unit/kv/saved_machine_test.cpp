// SPDX-License-Identifier: BSD-3-Clause
// Goal: a machine that is saved piece by piece, while commands change it, gives the bytes that it would have
// given at once when that began; and becomes the same again from pieces of any size. Method: random commands
// and random sizes, by seed, against save() and restore(); damaged bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bulwark/consensus/core/snapshot_stream.hpp"
#include "bulwark/kv/core/batch.hpp"
#include "bulwark/kv/core/keyspace_walk.hpp"
#include "bulwark/kv/core/machine.hpp"
#include "scripts.hpp"

namespace bulwark::kv {
namespace {

/// Random commands on few keys, so that all that can happen to a key does.
class random_life {
 public:
  explicit random_life(std::uint64_t seed) : random_{seed} {}

  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random_);
  }

  void live(machine& m, std::size_t count) {
    for (; count > 0; --count) {
      batch_writer batch{{}};
      add_words(batch, command());
      m.apply(std::move(batch).take());
    }
  }

 private:
  std::string command() {
    const auto key = "k" + std::to_string(below(60));
    switch (below(5)) {
      case 0: return "set " + key + " " + std::string(below(300) + 1, 'v');
      case 1: return "append " + key + " tail";
      case 2: return "del " + key + " k" + std::to_string(below(60));
      case 3:
        return "session s" + std::to_string(below(3)) + " " + std::to_string(++number_) + " 1000 append " +
               key + " x";
      default: return "set " + key + " short";
    }
  }

  std::mt19937_64 random_;
  std::uint64_t number_ = 0;
};

std::string all_of(consensus::state_cursor& cursor, std::size_t piece_bytes) {
  std::string whole;
  for (bool more = true; more;) more = cursor.next(piece_bytes, whole);
  return whole;
}

bool restore_in_pieces(machine& m, std::string_view saved, std::size_t piece_bytes) {
  const auto restorer = m.begin_restore();
  for (; !saved.empty(); saved.remove_prefix(std::min(piece_bytes, saved.size())))
    if (!restorer->take(saved.substr(0, piece_bytes))) return false;
  return restorer->finish();
}

TEST(saved_machine, pieces_are_those_of_the_moment_when_saving_began_whatever_is_changed_between_them) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    random_life life{seed};
    machine m;
    life.live(m, life.below(200));
    const auto expected = *m.save();
    const auto cursor = m.begin_save();
    std::string gathered;
    for (bool more = true; more;) {
      const auto before = gathered.size();
      const auto size = 1 + life.below(400);
      more = cursor->next(size, gathered);
      ASSERT_LE(gathered.size(), before + size);
      life.live(m, life.below(20));
    }
    ASSERT_EQ(gathered, expected) << "seed " << seed;
  }
}

TEST(saved_machine, several_walks_do_not_disturb_each_other) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    random_life life{seed};
    machine m;
    std::vector<std::string> expected, gathered;
    std::vector<std::unique_ptr<consensus::state_cursor>> cursors;
    for (std::size_t i = 0; i < 4; ++i) {
      life.live(m, 30);
      expected.push_back(*m.save());
      cursors.push_back(m.begin_save());
      gathered.emplace_back();
      static_cast<void>(cursors[i]->next(200, gathered[i]));
    }
    for (std::size_t i = 0; i < cursors.size(); ++i)
      while (cursors[i]->next(50, gathered[i])) life.live(m, 3);
    EXPECT_EQ(gathered, expected) << "seed " << seed;
  }
}

TEST(saved_machine, one_that_is_not_saved_to_the_end_leaves_nothing_behind) {
  random_life life{7};
  machine m;
  life.live(m, 100);
  std::string some;
  static_cast<void>(m.begin_save()->next(100, some));
  life.live(m, 100);
  auto cursor = m.begin_save();
  const auto expected = *m.save();
  EXPECT_EQ(all_of(*cursor, 1000), expected);
}

TEST(saved_machine, a_cursor_may_outlive_its_machine) {
  auto m = std::make_unique<machine>();
  random_life{3}.live(*m, 10);
  const auto cursor = m->begin_save();
  m.reset();
}

TEST(saved_machine, pieces_of_any_size_make_the_same_machine) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    random_life life{seed};
    machine original;
    life.live(original, life.below(150));
    const auto saved = *original.save();
    machine copy;
    life.live(copy, 10);
    ASSERT_TRUE(restore_in_pieces(copy, saved, 1 + life.below(500))) << "seed " << seed;
    EXPECT_EQ(copy.save(), saved);
    EXPECT_EQ(copy.totals().bytes, original.totals().bytes);
    EXPECT_EQ(copy.hash(), original.hash());
  }
}

TEST(saved_machine, the_format_without_sessions_is_read_in_pieces_as_well) {
  random_life life{11};
  machine original;
  life.live(original, 100);
  std::string old_format(1, '\1');
  original.keys().save(old_format);
  for (const std::size_t size : {1u, 7u, 100'000u}) {
    machine copy;
    ASSERT_TRUE(restore_in_pieces(copy, old_format, size));
    EXPECT_EQ(copy.hash(), original.hash());
    EXPECT_FALSE(restore_in_pieces(copy, old_format + "x", size));
  }
}

TEST(saved_machine, pieces_that_were_not_saved_are_refused) {
  random_life life{5};
  machine original;
  life.live(original, 30);
  const auto saved = *original.save();
  machine copy;
  for (std::size_t size = 0; size < saved.size(); ++size)
    ASSERT_FALSE(restore_in_pieces(copy, std::string_view{saved}.substr(0, size), 100)) << size << " bytes";
  EXPECT_FALSE(restore_in_pieces(copy, saved + "x", 100));
  EXPECT_FALSE(restore_in_pieces(copy, "\x01" + saved.substr(1), 100));
  EXPECT_FALSE(restore_in_pieces(copy, "\x03" + saved.substr(1), 100));
  EXPECT_TRUE(restore_in_pieces(copy, saved, 100)) << "none of them lasts";
}

TEST(saved_machine, bytes_are_refused_in_pieces_if_and_only_if_they_are_at_once) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    random_life life{seed};
    machine original;
    life.live(original, 12);
    auto bytes = *original.save();
    bytes[life.below(bytes.size())] = static_cast<char>(life.below(256));
    machine at_once, in_pieces;
    const bool good = at_once.restore(bytes);
    ASSERT_EQ(restore_in_pieces(in_pieces, bytes, 1 + life.below(50)), good) << "seed " << seed;
    if (good) {
      EXPECT_EQ(in_pieces.save(), at_once.save());
    }
  }
}

TEST(saved_machine, a_snapshot_with_a_group_goes_through_a_stream_and_back) {
  consensus::configuration group;
  group.nodes.push_back({consensus::node_id{1}, true, "address"});
  group.at = consensus::slot{7};
  random_life life{9};
  machine original;
  life.live(original, 50);
  for (const bool grouped : {true, false})
    for (const std::size_t size : {17u, 100u, 1u << 20}) {
      const auto with = grouped ? group : consensus::configuration{};
      const auto expected = consensus::to_snapshot(with, *original.save());
      consensus::snapshot_source source{with, original.begin_save()};
      std::string gathered;
      machine copy;
      consensus::snapshot_sink sink{copy};
      while (const auto piece = source.next(size)) {
        gathered += *piece;
        ASSERT_TRUE(sink.take(*piece));
      }
      EXPECT_EQ(gathered, expected);
      const auto found = sink.finish({{}, expected.size(), consensus::snapshot_hash(expected)});
      ASSERT_TRUE(found);
      EXPECT_EQ(*found, with);
      EXPECT_EQ(copy.save(), original.save());
    }
}

TEST(saved_machine, a_stream_that_is_not_the_snapshot_it_should_be_is_refused) {
  machine original, copy;
  random_life{9}.live(original, 50);
  const auto saved = *original.save();
  const consensus::snapshot_id which{{}, saved.size(), consensus::snapshot_hash(saved) ^ 1};
  consensus::snapshot_sink sink{copy};
  ASSERT_TRUE(sink.take(saved));
  EXPECT_FALSE(sink.finish(which));
}

}  // namespace
}  // namespace bulwark::kv
