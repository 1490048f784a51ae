// SPDX-License-Identifier: BSD-3-Clause
// Goal: whoever leads shows that it does, so that it comes to watch all, and misses nobody whom it does not
// watch yet. Method: as membership_actor_test; the test says who is watched, and whether the node leads.
#include <gmock/gmock.h>

#include "bulwark/supervision/core/leader_vantage.hpp"
#include "membership_actor_fixture.hpp"

namespace bulwark::consensus {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::IsEmpty;

class leader_watch : public membership_actor_fixture {
 protected:
  void SetUp() override {
    start_among_others();
    for (std::uint32_t node = 2; node <= 4; ++node) board->set_verdict(node, peer_state::up);
    world.advance(1s);
    group->report.role = "leader";
    group->report.voters = {1, 2, 3, 4};
  }
  /// Those whom the leader, not the observer, asks to reach this node.
  [[nodiscard]] std::vector<std::uint32_t> asked_by_the_leader_for(std::uint32_t subject) const {
    std::vector<std::uint32_t> whom;
    for (const auto& [to, what] : *sent)
      if (what.what == observer_message_kind::ask && what.subject == subject &&
          (what.number & leader_vantage::mark) != 0)
        whom.push_back(to);
    return whom;
  }
};

TEST_F(leader_watch, is_wanted_while_it_leads_and_no_longer) {
  board->set_watched(4, false);
  world.advance(200ms);
  EXPECT_TRUE(board->leads());
  board->set_watched(4, true);
  board->set_verdict(4, peer_state::up);
  world.advance(1s);
  EXPECT_TRUE(board->leads()) << "or it would watch all and not all by turns";
  group->report.role = "follower";
  world.advance(200ms);
  EXPECT_FALSE(board->leads());
}

TEST_F(leader_watch, is_not_asked_for_where_all_watch_all) {
  world.advance(1s);
  EXPECT_FALSE(board->leads());
}

TEST_F(leader_watch, asks_about_members_that_it_hears_itself_as_well) {
  group->report.voters = {1, 2};
  board->set_verdict(4, peer_state::suspect);
  world.advance(1s);
  EXPECT_THAT(asked_by_the_leader_for(4), Contains(2u));
  EXPECT_THAT(asked_by_the_leader_for(3), Contains(2u)) << "or n2 might miss that one";
}

TEST_F(leader_watch, does_not_miss_whom_it_has_not_begun_with) {
  board->set_watched(4, false);
  world.advance(3s);
  EXPECT_THAT(asked_by_the_leader_for(4), IsEmpty());
  board->set_watched(4, true);
  world.advance(1s);
  EXPECT_THAT(asked_by_the_leader_for(4), Contains(2u)) << "it is not heard";
}

}  // namespace
}  // namespace bulwark::consensus
