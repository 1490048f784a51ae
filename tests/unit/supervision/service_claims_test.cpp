// SPDX-License-Identifier: BSD-3-Clause
// Goal: the names of a node's services are registered and given up, whatever is lost on the way to the group.
// Method: event by event in virtual time beside a real group, which the test lets hear what it likes.
#include "bulwark/supervision/core/service_claims.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services_fixture.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;

/// What node 1 says of its services.
struct claims_run : services_world {
  std::vector<publishing::effect> step(const publishing::event& what) {
    std::vector<publishing::effect> out;
    claims.step(what, self, &group, now, out);
    return out;
  }
  std::vector<publishing::effect> look_after(duration later) {
    now += later;
    return step(publishing::looked{});
  }
  /// The group hears all of it.
  std::size_t hear(const std::vector<publishing::effect>& said) {
    for (const auto& one : said) std::visit([&](const auto& command) { tell(names::command{command}); }, one);
    return said.size();
  }
  const name_entry* entry() { return group.names().whereis("a"); }

  node_life self{1, 1};
  service_claims claims{claim_options{}};
};

TEST(service_claims, a_claim_is_said_again_until_it_shows_and_no_longer) {
  claims_run run;
  EXPECT_EQ(run.step(publishing::served{"a", 5}).size(), 1u) << "lost on its way";
  EXPECT_EQ(run.look_after(100ms).size(), 0u);
  EXPECT_EQ(run.hear(run.look_after(400ms)), 1u);
  ASSERT_NE(run.entry(), nullptr);
  EXPECT_EQ(run.entry()->start, 5u);
  EXPECT_EQ(run.look_after(10s).size(), 0u);
}

TEST(service_claims, a_restart_keeps_the_name_and_gets_a_new_token) {
  claims_run run;
  run.hear(run.step(publishing::served{"a", 5}));
  const auto before = run.entry()->token;
  EXPECT_EQ(run.step(publishing::ended{"a", 5}).size(), 0u);
  EXPECT_EQ(run.hear(run.step(publishing::served{"a", 6})), 1u);
  EXPECT_GT(run.entry()->token, before);
  EXPECT_EQ(run.step(publishing::ended{"a", 5}).size(), 0u) << "the end of an earlier one";
  EXPECT_EQ(run.look_after(10s).size(), 0u);
}

TEST(service_claims, an_instance_that_is_gone_for_good_gives_its_name_up) {
  claims_run run;
  run.hear(run.step(publishing::served{"a", 5}));
  run.step(publishing::ended{"a", 5});
  EXPECT_EQ(run.look_after(1900ms).size(), 0u);
  EXPECT_EQ(run.look_after(100ms).size(), 1u) << "lost on its way";
  EXPECT_EQ(run.hear(run.look_after(500ms)), 1u);
  EXPECT_EQ(run.entry(), nullptr);
  run.look_after(10s);
  EXPECT_EQ(run.claims.size(), 0u);
}

TEST(service_claims, a_claim_that_takes_effect_late_is_given_up_as_well) {
  claims_run run;
  const auto late = run.step(publishing::served{"a", 5});
  EXPECT_EQ(run.step(publishing::withdrawn{"a"}).size(), 0u);
  run.hear(late);
  ASSERT_NE(run.entry(), nullptr);
  EXPECT_EQ(run.hear(run.look_after(100ms)), 1u);
  EXPECT_EQ(run.entry(), nullptr);
}

TEST(service_claims, a_name_of_another_is_waited_for_in_silence) {
  claims_run run;
  run.claim("a", {2, 1}, 1);
  EXPECT_EQ(run.step(publishing::served{"a", 5}).size(), 0u);
  EXPECT_EQ(run.look_after(10s).size(), 0u);
  run.bring_down({2, 1});
  EXPECT_EQ(run.hear(run.look_after(1ms)), 1u);
  EXPECT_EQ(run.entry()->owner.node, 1u);
}

TEST(service_claims, after_a_life_was_lost_all_that_serves_is_claimed_anew) {
  claims_run run;
  run.hear(run.step(publishing::served{"a", 5}));
  run.bring_down({1, 1});
  EXPECT_EQ(run.look_after(1s).size(), 0u) << "no member, so it would be refused";
  run.self.incarnation = 2;
  run.enter(run.self);
  EXPECT_EQ(run.hear(run.look_after(1ms)), 1u);
  EXPECT_EQ(run.entry()->owner, run.self);
}

TEST(service_claims, what_is_said_twice_of_a_service_counts_once) {
  claims_run run;
  run.hear(run.step(publishing::served{"a", 5}));
  EXPECT_EQ(run.step(publishing::served{"a", 4}).size(), 0u) << "of an earlier one";
  run.step(publishing::ended{"a", 5});
  EXPECT_EQ(run.look_after(1900ms).size(), 0u);
  run.step(publishing::ended{"a", 5});
  EXPECT_EQ(run.look_after(100ms).size(), 1u) << "it is kept from when it ended first";
  EXPECT_EQ(run.step(publishing::withdrawn{"a"}).size(), 0u) << "that is being said already";
}

TEST(service_claims, one_that_is_withdrawn_twice_is_given_up_once) {
  claims_run run;
  run.hear(run.step(publishing::served{"a", 5}));
  run.now += 1ms;
  EXPECT_EQ(run.step(publishing::withdrawn{"a"}).size(), 1u);
  EXPECT_EQ(run.step(publishing::withdrawn{"a"}).size(), 0u);
}

TEST(service_claims, one_that_serves_again_after_its_end_keeps_the_name) {
  claims_run run;
  run.hear(run.step(publishing::served{"a", 5}));
  run.step(publishing::ended{"a", 5});
  run.step(publishing::served{"a", 5});
  EXPECT_EQ(run.look_after(10s).size(), 0u);
  ASSERT_NE(run.entry(), nullptr);
}

TEST(service_claims, a_claim_that_takes_effect_after_the_name_was_given_up_is_given_up_as_well) {
  claims_run run;
  const auto late = run.step(publishing::served{"a", 5});
  run.hear(late);
  run.step(publishing::ended{"a", 5});
  EXPECT_EQ(run.hear(run.look_after(2s)), 1u);
  EXPECT_EQ(run.look_after(1s).size(), 0u);
  run.hear(late);
  EXPECT_EQ(run.hear(run.look_after(1s)), 1u);
  EXPECT_EQ(run.entry(), nullptr);
}

TEST(service_claims, a_name_that_is_kept_for_nobody_is_given_up_at_once) {
  claims_run run;
  run.claims = service_claims{claim_options{.keep_for = 0s}};
  run.hear(run.step(publishing::served{"a", 5}));
  run.now += 1ms;
  EXPECT_EQ(run.step(publishing::ended{"a", 5}).size(), 1u);
}

TEST(service_claims, a_name_that_a_later_start_of_this_life_holds_is_left_alone) {
  claims_run run;
  run.claim("a", run.self, 9);
  EXPECT_EQ(run.step(publishing::served{"a", 5}).size(), 0u);
  run.step(publishing::withdrawn{"a"});
  EXPECT_EQ(run.look_after(1s).size(), 0u);
  EXPECT_EQ(run.entry()->start, 9u);
}

TEST(service_claims, options_that_cannot_work_are_refused) {
  EXPECT_EQ(claim_options{}.validate(), "");
  EXPECT_NE((claim_options{.say_again = 0s}.validate()), "");
  EXPECT_NE((claim_options{.keep_for = -1s}.validate()), "");
  EXPECT_NE((claim_options{.look_after = 1ms}.validate()), "");
}

}  // namespace
}  // namespace bulwark::test
