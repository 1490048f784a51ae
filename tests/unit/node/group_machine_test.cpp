// SPDX-License-Identifier: BSD-3-Clause
// Goal: membership and key-value service share one log without disturbing each other, and logs and snapshots
// of before the membership stay valid. Method: the real key-value machine beside a group; commands of both,
// saved and restored states.
#include "bulwark/consensus/group_machine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "bulwark/kv/core/batch.hpp"
#include "bulwark/kv/core/machine.hpp"

namespace bulwark::node {
namespace {

using consensus::group_machine;
using consensus::group_request;
using consensus::member_board;

consensus::bytes set_command(std::string_view key, std::string_view value) {
  kv::batch_writer batch{{}};
  const std::array arguments{key, value};
  batch.add(kv::find_command("set")->id, arguments);
  return std::move(batch).take();
}

consensus::bytes join_command(std::uint32_t node, std::uint64_t incarnation) {
  return group_request(members::command{members::join{{node, incarnation}, "h:1", {}}});
}

struct machine_rig {
  machine_rig() {
    auto service = std::make_unique<kv::machine>();
    store = service.get();
    both = std::make_unique<group_machine>(std::move(service), board);
  }

  int changes = 0;
  std::shared_ptr<member_board> board = std::make_shared<member_board>(7, [this] { ++changes; });
  kv::machine* store = nullptr;
  std::unique_ptr<group_machine> both;
};

TEST(group_machine, each_command_goes_to_the_machine_that_it_is_for) {
  machine_rig rig;
  kv::machine alone;
  EXPECT_EQ(rig.both->apply(set_command("k", "v")), alone.apply(set_command("k", "v")));
  EXPECT_EQ(rig.changes, 0);
  const auto answer = decode_group_result(rig.both->apply(join_command(1, 7)));
  EXPECT_EQ(answer, (group_result{membership_result{membership_error::none, 1, 7}}));
  EXPECT_EQ(rig.changes, 1);
  EXPECT_EQ(rig.board->latest()->nodes().find(1)->life, (node_life{1, 7}));
  EXPECT_EQ(rig.store->hash(), alone.hash());
}

TEST(group_machine, a_backup_is_of_the_service_alone) {
  machine_rig rig;
  rig.both->apply(join_command(1, 7));
  rig.both->apply(set_command("k", "v"));
  const auto cursor = rig.both->begin_backup();
  consensus::bytes backup;
  while (cursor->next(5, backup)) continue;
  EXPECT_EQ(backup, rig.store->save());
  EXPECT_NE(backup, rig.both->save());
}

TEST(group_machine, without_members_its_state_is_that_of_the_service) {
  machine_rig rig;
  kv::machine alone;
  rig.both->apply(set_command("k", "v"));
  alone.apply(set_command("k", "v"));
  EXPECT_EQ(rig.both->save(), alone.save());
  machine_rig other;
  EXPECT_TRUE(other.both->restore(*alone.save()));
  EXPECT_EQ(other.store->hash(), alone.hash());
  EXPECT_EQ(other.board->latest(), nullptr);
}

TEST(group_machine, both_states_are_saved_and_restored) {
  machine_rig rig;
  rig.both->apply(set_command("k", "v"));
  rig.both->apply(join_command(1, 7));
  const auto saved = rig.both->save().value();
  machine_rig other;
  EXPECT_TRUE(other.both->restore(saved));
  EXPECT_EQ(other.both->save(), saved);
  EXPECT_EQ(other.store->hash(), rig.store->hash());
  EXPECT_EQ(other.board->latest()->nodes().view(), 1u);
  for (std::size_t size = 0; size < saved.size(); ++size)
    EXPECT_FALSE(other.both->restore(std::string_view{saved}.substr(0, size))) << size;
  EXPECT_EQ(other.both->save(), saved);
}

/// What a machine saves in pieces of that size.
std::string save_in_pieces(consensus::state_machine& from, std::size_t piece_bytes) {
  const auto cursor = from.begin_save();
  std::string gathered;
  while (cursor->next(piece_bytes, gathered)) continue;
  return gathered;
}

bool restore_in_pieces(consensus::state_machine& to, std::string_view saved, std::size_t piece_bytes) {
  const auto restorer = to.begin_restore();
  for (; !saved.empty(); saved.remove_prefix(std::min(piece_bytes, saved.size())))
    if (!restorer->take(saved.substr(0, piece_bytes))) return false;
  return restorer->finish();
}

TEST(group_machine, pieces_of_any_size_are_those_of_the_whole_and_make_it_again) {
  for (const bool joined : {false, true}) {
    machine_rig rig;
    rig.both->apply(set_command("k", "v"));
    if (joined) rig.both->apply(join_command(1, 7));
    const auto saved = rig.both->save().value();
    for (const std::size_t size : {1u, 2u, 5u, 1000u}) {
      EXPECT_EQ(save_in_pieces(*rig.both, size), saved);
      machine_rig other;
      ASSERT_TRUE(restore_in_pieces(*other.both, saved, size));
      EXPECT_EQ(other.both->save(), saved);
      EXPECT_EQ(other.board->latest() != nullptr, joined);
      for (std::size_t cut = 0; cut < saved.size(); ++cut) {
        machine_rig torn;
        EXPECT_FALSE(restore_in_pieces(*torn.both, std::string_view{saved}.substr(0, cut), size)) << cut;
      }
    }
  }
}

TEST(group_machine, a_membership_that_joins_while_it_is_saved_is_not_in_it) {
  machine_rig rig;
  rig.both->apply(join_command(1, 7));
  rig.both->apply(set_command("k", "v"));
  const auto saved = rig.both->save().value();
  const auto cursor = rig.both->begin_save();
  std::string gathered;
  static_cast<void>(cursor->next(1, gathered));
  rig.both->apply(join_command(2, 7));
  rig.both->apply(set_command("k", "w"));
  while (cursor->next(7, gathered)) continue;
  EXPECT_EQ(gathered, saved);
}

TEST(group_machine, says_whether_a_token_holds) {
  machine_rig rig;
  rig.both->apply(join_command(1, 5));
  rig.both->apply(group_request(names::command{names::claim{"a", {1, 5}, 1}}));
  const auto token = rig.board->latest()->names().whereis("a")->token;
  const auto holds = [&](const std::string& name, std::uint64_t one) {
    return consensus::holds_in(rig.both->query(consensus::holds_question(name, one)));
  };
  EXPECT_EQ(holds("a", token), true);
  EXPECT_EQ(holds("a", token + 1), false);
  EXPECT_EQ(holds("b", token), false);
  const auto question = consensus::holds_question("a", token);
  EXPECT_EQ(consensus::holds_in(rig.both->query(question.substr(0, question.size() - 1))), std::nullopt);
}

TEST(group_machine, what_is_marked_and_makes_no_sense_is_answered_so) {
  machine_rig rig;
  auto command = join_command(1, 7);
  command.resize(9);
  EXPECT_EQ(decode_group_result(rig.both->apply(command)),
            (group_result{membership_result{membership_error::malformed, 0, 0}}));
}

TEST(member_board, a_replica_that_replays_its_log_shows_nothing_older) {
  machine_rig rig;
  rig.both->apply(join_command(1, 7));
  rig.both->apply(join_command(2, 7));
  group_machine again{std::make_unique<kv::machine>(), rig.board};
  again.apply(join_command(1, 7));
  EXPECT_EQ(rig.board->latest()->nodes().view(), 2u);
  again.apply(join_command(2, 7));
  again.apply(join_command(3, 7));
  EXPECT_EQ(rig.board->latest()->nodes().view(), 3u);
}

TEST(member_board, a_new_detector_has_heard_nobody) {
  member_board board{7, {}};
  EXPECT_EQ(board.verdict(2), peer_state::down);
  board.set_verdict(2, peer_state::up);
  EXPECT_EQ(board.verdict(2), peer_state::up);
  board.begin_hearing(instant{std::chrono::hours{1}});
  EXPECT_EQ(board.verdict(2), peer_state::down);
  EXPECT_EQ(board.hearing_since(), instant{std::chrono::hours{1}});
}

}  // namespace
}  // namespace bulwark::node
