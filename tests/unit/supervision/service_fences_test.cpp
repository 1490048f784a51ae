// SPDX-License-Identifier: BSD-3-Clause
// Goal: what a node has shown to others serves them as long as its life and its name last, and a moment
// longer only if it gave the name up itself. Method: event by event in virtual time beside a real group.
#include "bulwark/supervision/core/service_fences.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services_fixture.hpp"

namespace bulwark::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

using fencing_effects = std::vector<fencing::effect>;

fencing::effect shows(std::uint64_t number, bool is_new) { return fencing::show{number, is_new}; }
fencing::effect fences_off(std::uint64_t number, fence_reason why) { return fencing::fence_off{number, why}; }

/// What node 1 does about its service "a", which is the actor 7 unless the test says otherwise.
struct fences_run : services_world {
  fencing_effects step(const fencing::event& what) {
    fencing_effects out;
    fences.step(what, self, knows ? &group : nullptr, now, out);
    return out;
  }
  fencing_effects look_after(duration later = {}) {
    now += later;
    return step(fencing::looked{});
  }
  /// Node 1 has the name and has shown fence 1, which it knows to be its own.
  void show_first() {
    claim("a", self, 5);
    EXPECT_THAT(step(fencing::wanted{"a", 7}), ElementsAre(shows(1, true)));
    EXPECT_THAT(look_after(), IsEmpty());
  }

  node_life self{1, 1};
  bool knows = true;
  service_fences fences{1s};
};

TEST(service_fences, all_who_ask_in_one_life_get_the_same_one) {
  fences_run run;
  run.show_first();
  EXPECT_THAT(run.step(fencing::wanted{"a", 7}), ElementsAre(shows(1, false)));
  EXPECT_THAT(run.step(fencing::wanted{"a", 8}), ElementsAre(shows(2, true))) << "another service";
  EXPECT_THAT(run.step(fencing::wanted{"b", 7}), ElementsAre(shows(3, true))) << "under another name";
  EXPECT_EQ(run.fences.size(), 3u);
}

TEST(service_fences, a_life_that_the_group_holds_for_over_is_fenced_off_and_shows_nothing) {
  fences_run run;
  run.show_first();
  run.bring_down(run.self);
  EXPECT_THAT(run.step(fencing::wanted{"a", 7}), IsEmpty());
  EXPECT_THAT(run.look_after(), ElementsAre(fences_off(1, fence_reason::life_over)));
  EXPECT_EQ(run.fences.size(), 0u);
  EXPECT_THAT(run.look_after(10s), IsEmpty()) << "said once";
}

TEST(service_fences, a_node_that_goes_on_in_a_later_life_has_left_the_one_before) {
  fences_run run;
  run.show_first();
  run.self = {1, 2};
  EXPECT_THAT(run.look_after(), ElementsAre(fences_off(1, fence_reason::life_over)))
      << "whatever the group shows yet";
  run.enter(run.self);
  run.claim("a", run.self, 5);
  EXPECT_THAT(run.step(fencing::wanted{"a", 7}), ElementsAre(shows(2, true)));
  EXPECT_THAT(run.look_after(10s), IsEmpty());
}

TEST(service_fences, a_later_life_asked_for_before_the_earlier_one_is_looked_at_has_its_own) {
  fences_run run;
  run.show_first();
  run.self = {1, 2};
  run.enter(run.self);
  EXPECT_THAT(run.step(fencing::wanted{"a", 7}), ElementsAre(shows(2, true)));
  EXPECT_THAT(run.look_after(), ElementsAre(fences_off(1, fence_reason::life_over)));
  EXPECT_EQ(run.fences.size(), 1u);
}

TEST(service_fences, a_name_that_went_to_another_life_is_fenced_off_at_once) {
  fences_run run;
  run.show_first();
  run.tell(names::command{names::release{"a", run.group.names().whereis("a")->token}});
  EXPECT_THAT(run.look_after(10s), IsEmpty()) << "nobody else serves it";
  run.claim("a", {2, 1}, 1);
  EXPECT_THAT(run.look_after(), ElementsAre(fences_off(1, fence_reason::taken)));
}

TEST(service_fences, a_grant_that_others_saw_first_is_no_reason) {
  fences_run run;
  run.claim("a", {2, 1}, 1);
  EXPECT_THAT(run.step(fencing::wanted{"a", 7}), ElementsAre(shows(1, true)));
  EXPECT_THAT(run.look_after(1s), IsEmpty()) << "here the one before has it still";
  run.bring_down({2, 1});
  run.claim("a", run.self, 5);
  EXPECT_THAT(run.look_after(1s), IsEmpty());
}

TEST(service_fences, a_new_token_of_the_same_service_is_no_reason) {
  fences_run run;
  run.show_first();
  run.claim("a", run.self, 6);
  EXPECT_THAT(run.step(fencing::serves{"a", 7}), IsEmpty());
  EXPECT_THAT(run.look_after(10s), IsEmpty());
}

TEST(service_fences, what_gave_its_name_up_serves_on_for_a_moment_also_beside_its_successor) {
  fences_run run;
  run.show_first();
  EXPECT_THAT(run.step(fencing::serves{"a", 0}), IsEmpty());
  run.tell(names::command{names::release{"a", run.group.names().whereis("a")->token}});
  run.claim("a", {2, 1}, 1);
  EXPECT_THAT(run.look_after(900ms), IsEmpty());
  EXPECT_THAT(run.step(fencing::serves{"a", 0}), IsEmpty()) << "said twice it is no longer";
  EXPECT_THAT(run.look_after(100ms), ElementsAre(fences_off(1, fence_reason::given_up)));
}

TEST(service_fences, what_gave_its_name_up_is_fenced_off_with_its_life) {
  fences_run run;
  run.show_first();
  run.step(fencing::serves{"a", 0});
  run.bring_down(run.self);
  EXPECT_THAT(run.look_after(), ElementsAre(fences_off(1, fence_reason::life_over)));
}

TEST(service_fences, what_another_service_follows_serves_on_for_a_moment) {
  fences_run run;
  run.show_first();
  run.step(fencing::serves{"a", 8});
  EXPECT_THAT(run.step(fencing::wanted{"a", 8}), ElementsAre(shows(2, true)));
  EXPECT_THAT(run.look_after(1s), ElementsAre(fences_off(1, fence_reason::given_up)));
  EXPECT_THAT(run.look_after(10s), IsEmpty());
}

TEST(service_fences, what_serves_again_goes_on) {
  fences_run run;
  run.show_first();
  run.step(fencing::serves{"a", 0});
  run.look_after(500ms);
  run.step(fencing::serves{"a", 7});
  EXPECT_THAT(run.look_after(10s), IsEmpty());
}

TEST(service_fences, what_ended_by_itself_is_forgotten) {
  fences_run run;
  run.show_first();
  run.step(fencing::ended{"a", 2});
  run.step(fencing::ended{"b", 1});
  EXPECT_EQ(run.fences.size(), 1u);
  run.step(fencing::ended{"a", 1});
  EXPECT_EQ(run.fences.size(), 0u);
  run.bring_down(run.self);
  EXPECT_THAT(run.look_after(), IsEmpty());
}

TEST(service_fences, what_stands_from_before_is_looked_after_and_its_number_is_not_given_again) {
  fences_run run;
  run.knows = false;
  run.step(fencing::stands{4, "a", 7, {1, 1}});
  run.step(fencing::stands{3, "b", 8, {1, 0}});
  EXPECT_THAT(run.look_after(), ElementsAre(fences_off(3, fence_reason::life_over)))
      << "the group need not be known for that";
  EXPECT_THAT(run.step(fencing::wanted{"c", 9}), ElementsAre(shows(5, true)));
  EXPECT_THAT(run.step(fencing::wanted{"a", 7}), ElementsAre(shows(4, false)));
  run.knows = true;
  run.bring_down(run.self);
  EXPECT_THAT(run.look_after(),
              ElementsAre(fences_off(4, fence_reason::life_over), fences_off(5, fence_reason::life_over)));
}

TEST(service_fences, reasons_have_words) {
  EXPECT_THAT(to_string(fence_reason::life_over), testing::HasSubstr("life"));
  EXPECT_THAT(to_string(fence_reason::taken), testing::HasSubstr("belongs to another"));
  EXPECT_THAT(to_string(fence_reason::given_up), testing::HasSubstr("given up"));
}

}  // namespace
}  // namespace bulwark::test
