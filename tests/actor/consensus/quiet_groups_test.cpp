// SPDX-License-Identifier: BSD-3-Clause
// Goal: groups that are left alone send nothing, and wake when somebody they need goes or comes back, or when
//       there is something to do.
// Method: three hosts in three actor systems of this process, over loopback and real logs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bulwark/supervision/messages.hpp"
#include "hosting_stations.hpp"
#include "peer_pulses.hpp"

namespace bulwark::test {
namespace {

using namespace consensus;
using namespace std::chrono_literals;

class quiet_groups : public hosting_stations {
 protected:
  quiet_groups() : hosting_stations{{"a", "b"}, 100ms} {}

  void wait_for_quiet() {
    for (const auto* group : {"a", "b"})
      EVENTUALLY(patience, [&] {
        for (std::uint32_t number = 1; number <= 3; ++number)
          if (is_up(number) && !at(number).status(group).quiet) return false;
        return true;
      }()) << group;
  }
};

TEST_F(quiet_groups, fall_quiet_and_serve_when_they_are_asked) {
  add_to(1, "a", 1);
  wait_for_quiet();
  const auto before = ballot_of("a");
  EXPECT_EQ(add_to(2, "a", 1), 2);
  EXPECT_EQ(total_at(3, "a"), 2);
  wait_for_quiet();
  EXPECT_EQ(total_at(1, "b"), 0);
}

TEST_F(quiet_groups, wake_when_the_process_of_their_leader_dies) {
  add_to(1, "a", 1);
  wait_for_quiet();
  const auto before = ballot_of("a");
  const auto leader = leader_of("a");
  stop(leader);
  ballot_of("a", before);  // nobody asked for anything
  wait_for_quiet();
  EXPECT_EQ(total_at(leader % 3 + 1, "a"), 1);
  start(leader);
  EXPECT_EQ(total_at(leader, "a"), 1);
  wait_for_quiet();
}

TEST_F(quiet_groups, wake_when_the_replica_of_their_leader_restarts) {
  add_to(1, "a", 1);
  wait_for_quiet();
  const auto before = ballot_of("a");
  const auto leader = leader_of("a");
  const auto killed = at(leader).call<kill_result>(at(leader).host.supervisor(),
                                                   kill_child{"consensus/groups/a/replica", {}});
  ASSERT_EQ(killed.error, "");
  ballot_of("a", before);
  wait_for_quiet();
  EXPECT_EQ(add_to(leader, "a", 1), 2);
}

TEST_F(quiet_groups, wake_when_an_exchange_restarts_and_fall_quiet_again) {
  wait_for_quiet();
  const auto killed = at(1).call<kill_result>(at(1).host.supervisor(), kill_child{"exchange", {}});
  ASSERT_EQ(killed.error, "");
  EXPECT_EQ(add_to(1, "a", 1), 1);
  EXPECT_EQ(add_to(2, "b", 1), 1);
  wait_for_quiet();
}

// -- who is silent ----------------------------------------------------------------------------------------

TEST(peer_pulses, silence_is_told_once_and_so_is_its_end) {
  constexpr node_id two{2};
  instant now{1h};
  consensus::peer_pulses pulses;
  pulses.add(two, now);
  EXPECT_TRUE(pulses.hear(two, now)) << "nothing was known of it";
  EXPECT_FALSE(pulses.hear(two, now));
  for (int i = 0; i < 5; ++i) EXPECT_THAT(pulses.tick(now += 100ms, 100ms, 400ms), testing::IsEmpty());
  EXPECT_THAT(pulses.tick(now += 100ms, 100ms, 400ms), testing::ElementsAre(two));
  EXPECT_TRUE(pulses.is_silent(two));
  EXPECT_THAT(pulses.tick(now += 100ms, 100ms, 400ms), testing::IsEmpty());
  EXPECT_TRUE(pulses.hear(two, now));
  EXPECT_FALSE(pulses.is_silent(two));
}

TEST(peer_pulses, who_stood_still_itself_accuses_nobody) {
  constexpr node_id two{2};
  instant now{1h};
  consensus::peer_pulses pulses;
  pulses.add(two, now);
  EXPECT_THAT(pulses.tick(now += 100ms, 100ms, 400ms), testing::IsEmpty());
  EXPECT_THAT(pulses.tick(now += 5s, 100ms, 400ms), testing::IsEmpty());
  EXPECT_THAT(pulses.tick(now += 100ms, 100ms, 400ms), testing::IsEmpty());
  for (int i = 0; i < 5; ++i) pulses.tick(now += 100ms, 100ms, 400ms);
  EXPECT_TRUE(pulses.is_silent(two));
}

}  // namespace
}  // namespace bulwark::test
