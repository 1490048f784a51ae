// SPDX-License-Identifier: BSD-3-Clause
// Goal: a replica believes only what is from and for whom it says, is told what its core has to know, and
// leaves nobody who asked it something without a word. Method: as replica_actor_test; packets of the test's
// own.
#include <gtest/gtest.h>

#include "bulwark/consensus/core/codec.hpp"
#include "replica_group.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;
using namespace std::chrono_literals;

/// States that were asked for, by the order of the questions.
using heard_states = std::vector<std::optional<replica_state>>;

class replica_words : public testing::Test {
 protected:
  void SetUp() override {
    leader_ = group_.leader();
    ASSERT_NE(leader_, 0u);
    follower_ = leader_ % 3 + 1;
    third_ = 6 - leader_ - follower_;
  }

  void write(const std::string& what) {
    const auto asked = group_.write(leader_, what);
    ASSERT_TRUE(group_.wait_for(*asked));
    ASSERT_TRUE(asked->result && asked->result->outcome == done);
  }

  /// Asks the leader for its state right behind a slot; nothing if it is refused.
  void ask_state(slot at, std::shared_ptr<heard_states> into, std::shared_ptr<int> refused) {
    const auto place = into->size();
    into->emplace_back();
    group_.system().get().spawn(
        [=](caf::event_based_actor* self, const caf::actor& replica) {
          self->request(replica, caf::infinite, get_state{at})
              .then([=](replica_state& state) { (*into)[place] = std::move(state); },
                    [=](const caf::error&) { ++*refused; });
        },
        group_.replica(leader_));
    group_.system().settle();
  }

  std::uint32_t leader_ = 0, follower_ = 0, third_ = 0;
  replica_group group_{3};
};

TEST_F(replica_words, packets_in_a_wrong_name_or_for_somebody_else_move_nobody) {
  const auto before = group_.status(follower_).promised;
  const auto tell = [&](group_id group, std::uint32_t from, std::uint32_t to, std::uint8_t channel) {
    std::string packet;
    encode(group, {node_id{from}, node_id{to}, prepare{{1000, node_id{third_}}, slot{}}}, packet);
    caf::anon_send(group_.replica(follower_), peer_packet{third_, channel, packet});
    group_.system().settle();
    return group_.status(follower_).promised;
  };
  EXPECT_EQ(tell(group_id{2}, third_, follower_, 0), before) << "of another group";
  EXPECT_EQ(tell(group_id{1}, leader_, follower_, 0), before) << "not of the node whose link brought it";
  EXPECT_EQ(tell(group_id{1}, third_, leader_, 0), before) << "for another node";
  EXPECT_EQ(tell(group_id{1}, third_, follower_, 1), before) << "on a channel that is not of consensus";
  EXPECT_NE(tell(group_id{1}, third_, follower_, 0), before);
}

TEST_F(replica_words, a_leader_that_cannot_write_is_followed_no_more) {
  group_.disk(leader_).fail_appends(log_error::no_space);
  (void)group_.write(leader_, "x");
  group_.system().advance(3s);
  EXPECT_NE(group_.status(leader_).role, "leader");
  EXPECT_EQ(group_.status(follower_).leader, group_.status(third_).leader);
  EXPECT_NE(group_.status(follower_).leader, leader_);
  EXPECT_NE(group_.status(follower_).leader, 0u);
}

TEST_F(replica_words, a_lost_connection_to_the_leader_counts_before_its_silence_does) {
  group_.system().advance(1s);
  group_.kill(leader_);
  for (const auto node : {follower_, third_})
    caf::anon_send(group_.replica(node), peer_link_state{leader_, false});
  group_.system().advance(300ms);  // T_interval + T_timeout is 500 ms
  EXPECT_NE(group_.status(follower_).leader, leader_);
  EXPECT_EQ(group_.status(follower_).leader, group_.status(third_).leader);
  EXPECT_NE(group_.status(follower_).leader, 0u);
}

TEST_F(replica_words, each_life_marks_its_commands_as_its_own) {
  const auto incarnation_of_newest = [&] {
    const auto chosen = slot{group_.status(leader_).chosen};
    const auto entries = memory_log_store{group_.medium(leader_)}.read(group_id{1}, chosen, chosen, 1000);
    return entries.at(0).what.commands.at(0).incarnation;
  };
  write("a");
  const auto first = incarnation_of_newest();
  EXPECT_NE(first, 0u);
  group_.kill(leader_);
  group_.start(leader_);
  leader_ = group_.leader();
  ASSERT_NE(leader_, 0u);
  write("b");
  EXPECT_NE(incarnation_of_newest(), first);
}

TEST_F(replica_words, what_it_does_not_know_is_refused) {
  bool refused = false;
  group_.system().get().spawn(
      [&refused](caf::event_based_actor* self, const caf::actor& replica) {
        self->request(replica, caf::infinite, std::string{"what is this?"})
            .then([](const std::string&) {},
                  [&refused](const caf::error& why) { refused = why == caf::sec::unexpected_message; });
      },
      group_.replica(leader_));
  group_.system().settle();
  EXPECT_TRUE(refused);
}

TEST_F(replica_words, a_state_can_be_asked_for_before_its_slot_has_come_and_not_after_it_is_gone) {
  write("a");
  const auto now = group_.status(leader_).applied;
  const auto states = std::make_shared<heard_states>();
  const auto refused = std::make_shared<int>(0);
  ask_state(slot{now + 2}, states, refused);
  ask_state(slot{now - 1}, states, refused);
  ask_state(slot::none, states, refused);
  ask_state(slot{now}, states, refused);
  EXPECT_FALSE((*states)[0]);
  ASSERT_TRUE((*states)[1]);
  EXPECT_FALSE((*states)[1]->found) << "it is gone";
  for (const std::size_t i : {2u, 3u}) {
    ASSERT_TRUE((*states)[i] && (*states)[i]->found) << i;
    EXPECT_EQ((*states)[i]->hash, snapshot_hash("1 a "));
    EXPECT_EQ((*states)[i]->at, slot{now});
  }
  write("b");
  EXPECT_FALSE((*states)[0]);
  write("c");
  ASSERT_TRUE((*states)[0] && (*states)[0]->found);
  EXPECT_EQ((*states)[0]->hash, snapshot_hash("3 a b c "));
  EXPECT_EQ(*refused, 0);
}

TEST_F(replica_words, many_who_wait_for_a_state_are_refused_and_the_others_hear_of_its_end) {
  const auto states = std::make_shared<heard_states>();
  const auto refused = std::make_shared<int>(0);
  for (int i = 0; i < 17; ++i) ask_state(slot{1000}, states, refused);
  EXPECT_EQ(*refused, 1);
  group_.kill(leader_);
  std::size_t answered = 0;
  for (const auto& one : *states) answered += one && !one->found ? 1 : 0;
  EXPECT_EQ(answered, 16u);
}

}  // namespace
}  // namespace bulwark::test
