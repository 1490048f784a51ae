// SPDX-License-Identifier: BSD-3-Clause
// Goal: a reference follows the owner of its name through restarts, moves, lost connections and lost lives,
// and refuses when nobody comes.
// Method: event by event in virtual time beside a real group; the effects are compared with what they must
// be.
#include "bulwark/supervision/core/service_lookup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services_fixture.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

using finding_effects = std::vector<finding::effect>;

finding::effect asks(std::uint32_t node, std::uint64_t start) { return finding::ask{node, "a", start}; }
finding::effect binds_here(std::uint64_t token) { return finding::bind_here{"a", token}; }
finding::effect binds_there(std::uint64_t token, std::uint32_t node) {
  return finding::bind_there{"a", token, node};
}
finding::effect unbinds() { return finding::unbind{"a"}; }
finding::effect refuses() { return finding::refuse{"a"}; }

/// What node 1 does about its reference "a"; the nodes 2 and 3 are met.
struct lookup_run : services_world {
  lookup_run() {
    step(finding::peer_met{2});
    step(finding::peer_met{3});
  }
  finding_effects step(const finding::event& what) {
    finding_effects out;
    lookup.step(what, {1, 1}, &group, now, out);
    return out;
  }
  finding_effects look_after(duration later) {
    now += later;
    return step(finding::looked{});
  }
  /// Bound to the service that node 2 serves; its token.
  std::uint64_t bound_to_second() {
    const auto token = claim("a", {2, 1}, 4);
    step(finding::wanted{"a"});
    step(finding::answered{"a", {2, 1}, 4});
    EXPECT_EQ(lookup.bound_to("a"), token);
    return token;
  }

  service_lookup lookup{lookup_options{}};
};

TEST(service_lookup, an_owner_elsewhere_is_asked_until_it_says_who_serves) {
  lookup_run run;
  const auto token = run.claim("a", {2, 1}, 4);
  EXPECT_THAT(run.step(finding::wanted{"a"}), ElementsAre(asks(2, 4)));
  EXPECT_THAT(run.look_after(100ms), IsEmpty());
  EXPECT_THAT(run.look_after(100ms), ElementsAre(asks(2, 4)));
  EXPECT_THAT(run.step(finding::answered{"a", {2, 1}, 3}), IsEmpty()) << "an earlier start";
  EXPECT_THAT(run.step(finding::answered{"a", {2, 7}, 4}), IsEmpty()) << "another life";
  EXPECT_THAT(run.step(finding::answered{"a", {2, 1}, 4}), ElementsAre(binds_there(token, 2)));
  EXPECT_THAT(run.look_after(10s), IsEmpty());
}

TEST(service_lookup, a_service_of_this_node_is_bound_without_asking) {
  lookup_run run;
  run.step(finding::wanted{"a"});
  run.step(finding::serves_here{"a", 6});
  const auto token = run.claim("a", {1, 1}, 6);
  EXPECT_THAT(run.look_after(1ms), ElementsAre(binds_here(token)));
  EXPECT_THAT(run.step(finding::serves_here{"a", 0}), ElementsAre(unbinds()));
  EXPECT_THAT(run.step(finding::serves_here{"a", 7}), IsEmpty()) << "not granted yet";
  const auto later = run.claim("a", {1, 1}, 7);
  EXPECT_THAT(run.look_after(1ms), ElementsAre(binds_here(later)));
}

TEST(service_lookup, what_nobody_serves_in_time_is_refused_until_somebody_comes) {
  lookup_run run;
  EXPECT_THAT(run.step(finding::wanted{"a"}), IsEmpty());
  EXPECT_THAT(run.look_after(4999ms), IsEmpty());
  EXPECT_THAT(run.look_after(1ms), ElementsAre(refuses()));
  EXPECT_THAT(run.look_after(10s), IsEmpty());
  const auto token = run.claim("a", {3, 1}, 1);
  EXPECT_THAT(run.look_after(1ms), ElementsAre(asks(3, 1)));
  EXPECT_THAT(run.step(finding::answered{"a", {3, 1}, 1}), ElementsAre(binds_there(token, 3)));
}

TEST(service_lookup, a_service_that_moves_is_followed) {
  lookup_run run;
  run.bound_to_second();
  run.bring_down({2, 1});
  EXPECT_THAT(run.look_after(1ms), ElementsAre(unbinds()));
  const auto token = run.claim("a", {3, 1}, 1);
  EXPECT_THAT(run.look_after(1ms), ElementsAre(asks(3, 1)));
  EXPECT_THAT(run.step(finding::answered{"a", {3, 1}, 1}), ElementsAre(binds_there(token, 3)));
}

TEST(service_lookup, a_restart_is_one_step) {
  lookup_run run;
  run.bound_to_second();
  run.claim("a", {2, 1}, 5);
  EXPECT_THAT(run.look_after(1ms), ElementsAre(unbinds(), asks(2, 5)));
}

TEST(service_lookup, a_lost_connection_ends_what_came_by_it) {
  lookup_run run;
  const auto token = run.bound_to_second();
  EXPECT_THAT(run.step(finding::peer_lost{3}), IsEmpty());
  EXPECT_THAT(run.step(finding::peer_lost{2}), ElementsAre(unbinds()));
  EXPECT_THAT(run.look_after(1s), IsEmpty()) << "there is nobody to ask";
  EXPECT_THAT(run.step(finding::answered{"a", {2, 1}, 4}), IsEmpty()) << "by the connection before";
  EXPECT_THAT(run.step(finding::peer_met{2}), ElementsAre(asks(2, 4)));
  EXPECT_THAT(run.step(finding::answered{"a", {2, 1}, 4}), ElementsAre(binds_there(token, 2)));
  EXPECT_THAT(run.step(finding::peer_met{2}), ElementsAre(unbinds(), asks(2, 4))) << "yet another one";
}

TEST(service_lookup, what_ended_is_asked_for_again) {
  lookup_run run;
  const auto token = run.bound_to_second();
  EXPECT_THAT(run.step(finding::lost{"a", token + 1}), IsEmpty()) << "something else ended";
  EXPECT_THAT(run.step(finding::lost{"a", token}), ElementsAre(unbinds()));
  EXPECT_THAT(run.look_after(100ms), IsEmpty());
  EXPECT_THAT(run.look_after(100ms), ElementsAre(asks(2, 4)));
}

TEST(service_lookup, the_way_to_what_ended_is_given_time) {
  lookup_run run;
  const auto token = run.bound_to_second();
  run.look_after(10s);
  EXPECT_THAT(run.step(finding::lost{"a", token}), ElementsAre(unbinds()));
  EXPECT_THAT(run.look_after(199ms), IsEmpty());
  EXPECT_THAT(run.look_after(1ms), ElementsAre(asks(2, 4)));
}

TEST(service_lookup, patience_begins_when_the_name_becomes_free_and_not_with_each_question) {
  lookup_run run;
  run.step(finding::wanted{"a"});
  run.look_after(4s);
  EXPECT_THAT(run.step(finding::wanted{"a"}), IsEmpty());
  EXPECT_THAT(run.look_after(1s), ElementsAre(refuses()));
  run.bound_to_second();
  run.look_after(10s);
  run.bring_down({2, 1});
  EXPECT_THAT(run.look_after(1ms), ElementsAre(unbinds()));
  EXPECT_THAT(run.look_after(4999ms), IsEmpty());
  EXPECT_THAT(run.look_after(1ms), ElementsAre(refuses())) << "again, as it was bound meanwhile";
}

TEST(service_lookup, what_another_node_holds_is_not_served_here) {
  lookup_run run;
  const auto token = run.bound_to_second();
  EXPECT_THAT(run.step(finding::serves_here{"a", 6}), IsEmpty());
  EXPECT_THAT(run.step(finding::answered{"a", {2, 1}, 4}), IsEmpty()) << "as is known";
  EXPECT_EQ(run.lookup.bound_to("a"), token);
}

TEST(service_lookup, what_is_granted_before_it_serves_is_bound_once_it_does) {
  lookup_run run;
  run.step(finding::wanted{"a"});
  const auto token = run.claim("a", {1, 1}, 6);
  EXPECT_THAT(run.look_after(1ms), IsEmpty());
  EXPECT_THAT(run.step(finding::serves_here{"a", 6}), ElementsAre(binds_here(token)));
}

TEST(service_lookup, what_an_earlier_life_of_this_node_holds_is_not_bound) {
  lookup_run run;
  run.claim("a", {1, 1}, 6);
  run.step(finding::serves_here{"a", 6});
  finding_effects out;
  run.lookup.step(finding::wanted{"a"}, {1, 2}, &run.group, run.now, out);
  EXPECT_THAT(out, IsEmpty());
}

TEST(service_lookup, what_is_dropped_is_not_looked_for) {
  lookup_run run;
  run.bound_to_second();
  run.step(finding::dropped{"a"});
  run.bring_down({2, 1});
  EXPECT_THAT(run.look_after(10s), IsEmpty());
}

TEST(service_lookup, instances_with_a_longer_name_are_others) {
  EXPECT_TRUE(is_instance_of("pricer", "pricer/1"));
  EXPECT_TRUE(is_instance_of("pricer", "pricer/b2"));
  for (const auto* other : {"pricer", "pricer/", "pricers/1", "pricer/1/x", "price/1", "a/pricer/1"})
    EXPECT_FALSE(is_instance_of("pricer", other)) << other;
}

TEST(service_lookup, a_service_of_its_own_is_left_when_this_node_goes_on_in_a_later_life) {
  lookup_run run;
  const auto token = run.claim("a", {1, 1}, 4);
  run.step(finding::serves_here{"a", 4});
  EXPECT_THAT(run.step(finding::wanted{"a"}), ElementsAre(binds_here(token)));
  finding_effects out;
  run.lookup.step(finding::looked{}, {1, 2}, &run.group, run.now, out);
  EXPECT_THAT(out, ElementsAre(unbinds())) << "though the group still shows the token of the life before";
}

}  // namespace
}  // namespace bulwark::test
