// SPDX-License-Identifier: BSD-3-Clause
// Goal: replica actors with their logs form a group that answers each submit once, truthfully, and survives
// the loss of actors. Method: three nodes in one actor system under virtual time, with the real core, real
// codec, log actors over logs in memory,
//         and relays for links; every actor can be killed and started again from its disk.
#include <gtest/gtest.h>

#include <set>

#include "replica_group.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;
using namespace std::chrono_literals;

std::uint32_t other_than(std::uint32_t node) { return node % 3 + 1; }

class replica_actor_test : public testing::Test {
 protected:
  /// The write is acknowledged, and its reply is returned.
  std::string written(std::uint32_t node, const std::string& payload) {
    const auto asked = group_.write(node, payload);
    EXPECT_TRUE(group_.wait_for(*asked)) << payload;
    EXPECT_TRUE(asked->result && asked->result->outcome == done) << payload;
    return asked->result ? asked->result->reply : "";
  }

  std::string read(std::uint32_t node) {
    const auto asked = group_.read(node);
    EXPECT_TRUE(group_.wait_for(*asked));
    EXPECT_TRUE(asked->result && asked->result->outcome == done);
    return asked->result ? asked->result->reply : "";
  }

  replica_group group_{3};
};

TEST_F(replica_actor_test, a_leader_is_elected_and_all_know_it) {
  const auto leader = group_.leader();
  ASSERT_NE(leader, 0u);
  group_.system().advance(1s);
  for (std::uint32_t node = 1; node <= 3; ++node) {
    const auto report = group_.status(node);
    EXPECT_EQ(report.leader, leader);
    EXPECT_TRUE(report.quorum);
    EXPECT_TRUE(report.storage_writable);
    EXPECT_EQ(report.role, node == leader ? "leader" : "follower");
  }
}

TEST_F(replica_actor_test, writes_through_any_replica_are_applied_in_one_order_and_read_by_all) {
  ASSERT_NE(group_.leader(), 0u);
  EXPECT_EQ(written(1, "a"), "1");
  EXPECT_EQ(written(2, "b"), "2");
  EXPECT_EQ(written(3, "c"), "3");
  for (std::uint32_t node = 1; node <= 3; ++node) EXPECT_EQ(read(node), "a b c ");
}

TEST_F(replica_actor_test, every_one_of_many_submits_at_once_gets_its_own_answer) {
  const auto leader = group_.leader();
  ASSERT_NE(leader, 0u);
  std::vector<std::shared_ptr<asked>> all;
  for (int i = 0; i < 300; ++i) all.push_back(group_.write(1 + i % 3, "w" + std::to_string(i)));
  std::set<std::string> places;
  for (const auto& one : all) {
    ASSERT_TRUE(group_.wait_for(*one));
    ASSERT_TRUE(one->result && one->result->outcome == done);
    EXPECT_TRUE(places.insert(one->result->reply).second) << "place " << one->result->reply << " given twice";
  }
  EXPECT_EQ(places.size(), 300u);
}

TEST_F(replica_actor_test, a_request_of_no_kind_is_refused_with_an_error) {
  const auto asked = group_.submit(1, request_kind{9}, "x");
  ASSERT_TRUE(group_.wait_for(*asked));
  EXPECT_TRUE(asked->failed);
}

TEST_F(replica_actor_test, the_group_goes_on_without_its_leader_which_catches_up_when_it_is_back) {
  for (int round = 0; round < 5; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const auto leader = group_.leader();
    ASSERT_NE(leader, 0u);
    const auto before = read(leader);
    written(leader, "before" + std::to_string(round));
    group_.kill(leader);
    ASSERT_NE(group_.leader(), 0u);
    written(other_than(leader), "after" + std::to_string(round));
    group_.start(leader);
    const auto expected = before + "before" + std::to_string(round) + " after" + std::to_string(round) + ' ';
    ASSERT_NE(group_.leader(), 0u);
    EXPECT_EQ(read(leader), expected);
  }
}

TEST_F(replica_actor_test, what_was_acknowledged_survives_the_restart_of_all_nodes_at_once) {
  ASSERT_NE(group_.leader(), 0u);
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    written(1 + i % 3, "w" + std::to_string(i));
    expected += "w" + std::to_string(i) + ' ';
  }
  for (std::uint32_t node = 1; node <= 3; ++node) group_.kill(node);
  for (std::uint32_t node = 1; node <= 3; ++node) {
    group_.disk(node).power_cut();
    group_.start(node);
  }
  ASSERT_NE(group_.leader(), 0u);
  for (std::uint32_t node = 1; node <= 3; ++node) EXPECT_EQ(read(node), expected);
}

TEST_F(replica_actor_test, submits_that_are_open_when_the_replica_is_killed_have_an_unknown_outcome) {
  const auto leader = group_.leader();
  ASSERT_NE(leader, 0u);
  for (std::uint32_t node = 1; node <= 3; ++node) group_.isolate(node, true);
  const auto asked = group_.write(leader, "x");
  group_.system().settle();
  EXPECT_FALSE(asked->result);
  group_.kill(leader);
  ASSERT_TRUE(group_.wait_for(*asked));
  EXPECT_TRUE(asked->failed || asked->result->outcome == static_cast<std::uint8_t>(outcome::unknown));
}

TEST_F(replica_actor_test, nothing_is_acknowledged_while_no_majority_can_write_and_it_goes_on_once_it_can) {
  ASSERT_NE(group_.leader(), 0u);
  written(1, "a");
  for (std::uint32_t node = 1; node <= 3; ++node) group_.disk(node).fail_appends(log_error::no_space);
  const auto asked = group_.write(1, "b");
  group_.system().advance(3s);
  EXPECT_FALSE(asked->result && asked->result->outcome == done);
  bool told = false;
  for (std::uint32_t node = 1; node <= 3; ++node) told = told || !group_.status(node).storage_writable;
  EXPECT_TRUE(told);
  for (std::uint32_t node = 1; node <= 3; ++node) group_.disk(node).fail_appends({});
  group_.system().advance(3s);
  ASSERT_NE(group_.leader(), 0u);
  written(2, "c");
  for (std::uint32_t node = 1; node <= 3; ++node) EXPECT_TRUE(group_.status(node).storage_writable);
}

TEST_F(replica_actor_test, the_replica_ends_with_the_error_of_its_log) {
  const auto leader = group_.leader();
  ASSERT_NE(leader, 0u);
  std::optional<caf::error> reason;
  group_.replica(leader)->attach_functor([&](const caf::error& why) { reason = why; });
  group_.disk(leader).fail_appends(log_error::failed);
  const auto asked = group_.write(leader, "x");
  ASSERT_TRUE(group_.wait_for(*asked));
  EXPECT_FALSE(asked->result && asked->result->outcome == done);
  ASSERT_TRUE(reason.has_value());
  EXPECT_TRUE(*reason);
  group_.disk(leader).fail_appends({});
  group_.kill(leader);
  group_.start(leader);
  ASSERT_NE(group_.leader(), 0u);
  written(leader, "y");
}

TEST_F(replica_actor_test, packets_that_are_not_what_they_say_are_dropped_and_do_no_harm) {
  ASSERT_NE(group_.leader(), 0u);
  std::uint32_t noise = 1;
  for (int i = 0; i < 200; ++i) {
    std::string bytes;
    for (int size = i % 60; size > 0; --size)
      bytes.push_back(static_cast<char>((noise = noise * 1664525 + 1013904223) >> 24));
    caf::anon_send(group_.replica(1 + i % 3), peer_packet{2, static_cast<std::uint8_t>(i % 2), bytes});
  }
  group_.system().settle();
  ASSERT_NE(group_.leader(), 0u);
  written(1, "still here");
}

TEST_F(replica_actor_test, an_isolated_leader_serves_no_read) {
  const auto leader = group_.leader();
  ASSERT_NE(leader, 0u);
  written(leader, "a");
  group_.isolate(leader, true);
  const auto asked = group_.read(leader);
  const auto successor = group_.leader();
  ASSERT_NE(successor, 0u);
  ASSERT_NE(successor, leader);
  written(successor, "b");
  group_.system().advance(10s);
  EXPECT_FALSE(asked->result && asked->result->outcome == done);
  group_.isolate(leader, false);
  ASSERT_NE(group_.leader(), 0u);
  EXPECT_EQ(read(leader), "a b ");
}

/// Snapshots after every five commands.
class replica_snapshots : public testing::Test {
 protected:
  void write(std::uint32_t node, int first, int last) {
    for (int i = first; i <= last; ++i) {
      const auto asked = group_.write(node, "w" + std::to_string(i));
      ASSERT_TRUE(group_.wait_for(*asked));
      ASSERT_TRUE(asked->result && asked->result->outcome == done);
      ASSERT_EQ(asked->result->reply, std::to_string(i));
    }
  }
  std::string read(std::uint32_t node) {
    const auto asked = group_.read(node);
    EXPECT_TRUE(group_.wait_for(*asked));
    return asked->result ? asked->result->reply : "";
  }

  replica_group group_{3, 5};
};

TEST_F(replica_snapshots, one_that_was_away_for_longer_than_the_log_is_kept_comes_back_by_a_snapshot) {
  const auto leader = group_.leader();
  ASSERT_NE(leader, 0u);
  const auto away = other_than(leader);
  group_.kill(away);
  write(leader, 1, 40);
  memory_log_store peek{group_.medium(leader)};
  ASSERT_GT(peek.kept(group_id{1}), slot{10}) << "the log is gone there";
  group_.start(away);
  group_.system().advance(3s);
  EXPECT_EQ(group_.status(away).applied, group_.status(leader).applied);
  // It serves from what it got.
  group_.kill(other_than(away) == leader ? other_than(leader) : other_than(away));
  write(away, 41, 41);
  EXPECT_NE(read(away).find("w1 w2 w3 "), std::string::npos);
}

TEST_F(replica_snapshots, the_next_life_begins_from_its_snapshot) {
  ASSERT_NE(group_.leader(), 0u);
  write(1, 1, 23);
  for (std::uint32_t node = 1; node <= 3; ++node) group_.kill(node);
  for (std::uint32_t node = 1; node <= 3; ++node) group_.start(node);
  ASSERT_NE(group_.leader(), 0u);
  write(2, 24, 24);
  EXPECT_NE(read(3).find("w1 w2 w3 "), std::string::npos);
}

}  // namespace
}  // namespace bulwark::test
