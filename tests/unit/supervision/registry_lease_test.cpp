// SPDX-License-Identifier: BSD-3-Clause
// Goal: no two owners of a name may act at once, whatever the delays.
// Method: the edges of one lease by hand; then random delays, renewals and clock rates for an owner that is
// declared dead and its successor.
#include "bulwark/supervision/core/registry_lease.hpp"

#include <gtest/gtest.h>

#include "bulwark/actors/core/random.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;

constexpr lease_options two_seconds{.length = 2s, .drift = 0.01, .renew_before = 1s};
const instant lease_start{1h};

registry_result grant_of(std::uint64_t token, bool must_wait) {
  return {registry_error::none, {{1, 1}, 1, token, must_wait}};
}

TEST(name_lease, an_owner_may_act_for_the_length_from_when_it_asked) {
  name_lease lease{two_seconds};
  EXPECT_FALSE(lease.may_act(lease_start));
  lease.granted(grant_of(1, false), lease_start, lease_start + 300ms);
  EXPECT_TRUE(lease.may_act(lease_start + 300ms));
  EXPECT_EQ(lease.next_renewal(), lease_start + 1s);
  EXPECT_TRUE(lease.may_act(lease_start + 2s - 1ns));
  EXPECT_FALSE(lease.may_act(lease_start + 2s));
}

TEST(name_lease, confirmations_extend_it_and_late_ones_do_not_shorten_it) {
  name_lease lease{two_seconds};
  lease.granted(grant_of(1, false), lease_start, lease_start);
  lease.confirmed(1, lease_start + 1s);
  lease.confirmed(1, lease_start + 500ms);
  EXPECT_EQ(lease.ends(), lease_start + 3s);
  lease.confirmed(2, lease_start + 9s);
  EXPECT_EQ(lease.ends(), lease_start + 3s);
  lease.lost();
  EXPECT_FALSE(lease.may_act(lease_start + 1s));
  lease.confirmed(1, lease_start + 2s);
  EXPECT_FALSE(lease.may_act(lease_start + 2s));
}

TEST(name_lease, a_successor_of_a_dead_owner_waits_and_settles) {
  name_lease lease{two_seconds};
  lease.granted(grant_of(2, true), lease_start, lease_start + 100ms);
  EXPECT_FALSE(lease.may_act(lease_start + 100ms));
  lease.confirmed(2, lease_start + 1500ms);
  EXPECT_FALSE(lease.may_act(lease_start + 2119ms));
  EXPECT_FALSE(lease.owes_settled(lease_start + 2119ms));
  EXPECT_TRUE(lease.may_act(lease_start + 2120ms));
  EXPECT_TRUE(lease.owes_settled(lease_start + 2120ms));
  lease.settled();
  EXPECT_FALSE(lease.owes_settled(lease_start + 3s));
}

TEST(name_lease, refusals_and_grants_of_before_change_nothing) {
  name_lease lease{two_seconds};
  lease.granted(grant_of(5, false), lease_start, lease_start);
  lease.granted({registry_error::taken, {{2, 1}, 1, 9, false}}, lease_start + 1s, lease_start + 1s);
  lease.granted(grant_of(4, false), lease_start + 1s, lease_start + 1s);
  EXPECT_EQ(lease.token(), 5u);
  EXPECT_EQ(lease.ends(), lease_start + 2s);
}

TEST(name_lease, a_grant_that_is_told_again_extends_it_and_makes_nobody_wait_again) {
  name_lease lease{two_seconds};
  lease.granted(grant_of(2, true), lease_start, lease_start);
  const auto begins = lease.begins();
  lease.granted(grant_of(2, true), lease_start + 500ms, lease_start + 900ms);
  EXPECT_EQ(lease.ends(), lease_start + 2500ms);
  EXPECT_EQ(lease.begins(), begins);
  lease.granted(grant_of(2, true), lease_start + 100ms, lease_start + 1s);
  EXPECT_EQ(lease.ends(), lease_start + 2500ms) << "an answer that comes late";
  EXPECT_TRUE(lease.owes_settled(begins));
  lease.settled();
  lease.granted(grant_of(2, true), begins, begins);
  EXPECT_FALSE(lease.owes_settled(begins)) << "it was settled before that was said";
}

TEST(name_lease, options_that_cannot_work_are_refused) {
  EXPECT_EQ(two_seconds.validate(), "");
  EXPECT_NE((lease_options{0s, 0.01, 1s}.validate()), "");
  EXPECT_NE((lease_options{2s, -1, 1s}.validate()), "");
  EXPECT_NE((lease_options{2s, 0.01, 2s}.validate()), "");
}

TEST(name_lease, an_owner_declared_dead_and_its_successor_never_act_at_once) {
  random_stream random{7};
  const auto between = [&](duration low, duration high) {
    return low +
           duration{static_cast<duration::rep>(random.next01() * static_cast<double>((high - low).count()))};
  };
  int tight = 0;
  for (int i = 0; i < 20'000; ++i) {
    // The successor's clock may be the faster one, by as much as the drift allows.
    const double rate = 1 + (random.next01() * 2 - 1) * two_seconds.drift;
    const auto by_its_clock = [&](instant real) {
      return lease_start +
             duration{static_cast<duration::rep>(static_cast<double>((real - lease_start).count()) * rate)};
    };
    const auto down = lease_start + between(1s, 10s);
    name_lease old{two_seconds};
    old.granted(grant_of(1, false), lease_start, lease_start);
    // What the group confirmed was asked before it decided; the answers may come later.
    for (auto asked = lease_start; asked < down; asked += between(1ms, 1500ms)) old.confirmed(1, asked);
    name_lease next{two_seconds};
    const auto asked = down + between(0s, 50ms);
    const auto told = asked + between(0s, 50ms);
    next.granted(grant_of(2, true), by_its_clock(asked), by_its_clock(told));
    next.confirmed(2, by_its_clock(down + 3s));
    const auto begins =
        lease_start + std::chrono::duration_cast<duration>((next.begins() - lease_start) / rate);
    // A clock that was declared within its drift may, in sum, be off by the drift of the lease alone.
    ASSERT_GE(begins + 1us, old.ends()) << i;
    tight += begins - old.ends() < 200ms ? 1 : 0;
  }
  EXPECT_GT(tight, 100);
}

}  // namespace
}  // namespace bulwark
