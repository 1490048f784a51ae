// SPDX-License-Identifier: BSD-3-Clause
// Goal: the group decides who is a member: by evidence of enough observers, for ever within a life, open to
// refutation and to later lives.
// Method: command by command against one machine; what changed is compared with what must.
#include "bulwark/supervision/core/membership.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "membership_fixture.hpp"

namespace bulwark {
namespace {

using test::membership_run;
using testing::ElementsAre;
using testing::IsEmpty;

using state = member_state;
using error = membership_error;

TEST(membership, a_node_joins_and_is_up_once_it_is_ready) {
  membership_run run;
  EXPECT_EQ(run.apply(members::join{{7, 100}, "10.0.0.7:7000", {"web", "db", "web"}}), error::none);
  EXPECT_THAT(run.changes,
              ElementsAre(membership_change{1, {7, 100}, state::removed, state::joining, {}, {}}));
  EXPECT_THAT(run.group.find(7)->roles, ElementsAre("db", "web"));
  EXPECT_EQ(run.apply(members::ready{{7, 100}}), error::none);
  EXPECT_THAT(run.changes, ElementsAre(membership_change{2, {7, 100}, state::joining, state::up, {}, {}}));
  EXPECT_EQ(run.group.view(), 2u);
}

TEST(membership, what_is_said_twice_changes_nothing) {
  membership_run run{6};
  const auto view = run.group.view();
  EXPECT_EQ(run.apply(members::join{{3, 1}, {}, {}}), error::none);
  EXPECT_EQ(run.apply(members::ready{{3, 1}}), error::none);
  EXPECT_EQ(run.group.view(), view);
  const auto observer = run.group.observers_of(3).front();
  run.accuse(observer, 3);
  EXPECT_EQ(run.group.view(), view + 1);
  EXPECT_EQ(run.accuse(observer, 3), error::none);
  EXPECT_EQ(run.group.view(), view + 1);
}

TEST(membership, one_accuser_makes_a_suspect_and_enough_make_it_down) {
  membership_run run{10};
  const auto observers = run.group.observers_of(4);
  ASSERT_EQ(observers.size(), 5u);
  run.accuse(observers[0], 4);
  ASSERT_EQ(run.changes.size(), 1u);
  EXPECT_EQ(run.changes[0].to, state::suspect);
  run.accuse(observers[1], 4);
  EXPECT_THAT(run.changes, IsEmpty());
  EXPECT_EQ(run.state(4), state::suspect);
  run.accuse(observers[4], 4);
  ASSERT_EQ(run.changes.size(), 1u);
  EXPECT_EQ(run.changes[0].to, state::down);
  EXPECT_EQ(run.changes[0].cause, down_cause::accused);
  EXPECT_THAT(run.changes[0].accusers,
              testing::UnorderedElementsAre(observers[0], observers[1], observers[4]));
  EXPECT_THAT(run.group.observers_of(4), IsEmpty());
}

TEST(membership, small_groups_need_a_majority_of_the_observers) {
  membership_run three{3};
  EXPECT_EQ(three.group.accusers_needed(1), 2u);
  three.accuse(2, 1);
  EXPECT_EQ(three.state(1), state::suspect);
  three.accuse(3, 1);
  EXPECT_EQ(three.state(1), state::down);
  EXPECT_EQ(three.group.accusers_needed(2), 1u);
  membership_run one{1};
  EXPECT_EQ(one.group.accusers_needed(1), 0u);
}

TEST(membership, only_observers_are_heard) {
  membership_run run{20};
  const auto observers = run.group.observers_of(4);
  for (std::uint32_t node = 1; node <= 20; ++node) {
    if (std::find(observers.begin(), observers.end(), node) != observers.end()) continue;
    EXPECT_EQ(run.accuse(node, 4), error::not_observer) << node;
  }
  EXPECT_EQ(run.state(4), state::up);
}

TEST(membership, an_observer_that_hears_it_again_withdraws) {
  membership_run run{10};
  const auto observers = run.group.observers_of(4);
  run.accuse(observers[0], 4);
  run.accuse(observers[1], 4);
  EXPECT_EQ(run.withdraw(observers[0], 4), error::none);
  EXPECT_EQ(run.state(4), state::suspect);
  run.withdraw(observers[1], 4);
  EXPECT_EQ(run.state(4), state::up);
  // What was withdrawn does not count: two more are not enough.
  run.accuse(observers[2], 4);
  run.accuse(observers[3], 4);
  EXPECT_EQ(run.state(4), state::suspect);
}

TEST(membership, a_refutation_voids_what_was_said_before) {
  membership_run run{10};
  const auto observers = run.group.observers_of(4);
  run.accuse(observers[0], 4);
  run.accuse(observers[1], 4);
  EXPECT_EQ(run.refute(4), error::none);
  EXPECT_EQ(run.state(4), state::up);
  EXPECT_EQ(run.apply(members::accuse{run.life(observers[2]), run.life(4), 0}), error::stale_round);
  run.accuse(observers[2], 4);
  run.accuse(observers[3], 4);
  EXPECT_EQ(run.state(4), state::suspect);
  run.accuse(observers[0], 4);
  EXPECT_EQ(run.state(4), state::down);
}

TEST(membership, refutations_run_out_until_an_accuser_hears_it) {
  membership_run run{10};
  const auto observers = run.group.observers_of(4);
  EXPECT_EQ(run.refute(4), error::not_suspect);
  for (int i = 0; i < 3; ++i) {
    run.accuse(observers[0], 4);
    EXPECT_EQ(run.refute(4), error::none);
  }
  run.accuse(observers[0], 4);
  EXPECT_EQ(run.refute(4), error::refutations_exhausted);
  EXPECT_EQ(run.state(4), state::suspect);
  run.withdraw(observers[0], 4);
  run.accuse(observers[0], 4);
  EXPECT_EQ(run.refute(4), error::none);
}

TEST(membership, a_life_that_is_down_is_fenced_for_ever) {
  membership_run run{10};
  run.bring_down(4);
  const node_life old{4, 1};
  EXPECT_EQ(run.group.check(old), error::fenced);
  EXPECT_EQ(run.apply(members::join{old, {}, {}}), error::fenced);
  EXPECT_EQ(run.apply(members::ready{old}), error::fenced);
  EXPECT_EQ(run.apply(members::refute{old, 0}), error::fenced);
  EXPECT_EQ(run.apply(members::drain{old}), error::fenced);
  EXPECT_EQ(run.apply(members::leave{old}), error::fenced);
  EXPECT_EQ(run.apply(members::accuse{old, run.life(5), 0}), error::fenced);
  EXPECT_EQ(run.apply(members::withdraw{old, run.life(5)}), error::fenced);
  EXPECT_THAT(run.changes, IsEmpty());
  EXPECT_EQ(run.apply(members::join{{4, 2}, {}, {}}), error::none);
  EXPECT_EQ(run.state(4), state::joining);
  EXPECT_EQ(run.apply(members::ready{old}), error::fenced);
  EXPECT_EQ(run.group.check({4, 2}), error::none);
}

TEST(membership, a_later_life_ends_the_one_before) {
  membership_run run{4};
  run.accuse(1, 4);
  EXPECT_EQ(run.apply(members::join{{4, 9}, {}, {}}), error::none);
  ASSERT_EQ(run.changes.size(), 2u);
  EXPECT_EQ(run.changes[0].to, state::down);
  EXPECT_EQ(run.changes[0].cause, down_cause::replaced);
  EXPECT_EQ(run.changes[0].life, (node_life{4, 1}));
  EXPECT_EQ(run.changes[1].to, state::joining);
  EXPECT_EQ(run.changes[1].life, (node_life{4, 9}));
  // What was said of the old life does not count against the new one.
  EXPECT_TRUE(run.group.find(4)->accusers.empty());
  EXPECT_EQ(run.apply(members::accuse{{1, 1}, {4, 1}, 0}), error::subject_gone);
}

TEST(membership, the_answer_tells_the_latest_known_incarnation) {
  membership_run run{3};
  run.enter({2, 50});
  EXPECT_EQ(run.group.apply(members::join{{2, 49}, {}, {}}, run.changes),
            (membership_result{error::fenced, run.group.view(), 50}));
}

TEST(membership, a_life_that_did_not_join_is_told_to) {
  membership_run run{3};
  EXPECT_EQ(run.apply(members::ready{{9, 1}}), error::unknown_node);
  EXPECT_EQ(run.apply(members::ready{{2, 5}}), error::unknown_node);
  EXPECT_EQ(run.apply(members::accuse{{9, 1}, {1, 1}, 0}), error::unknown_node);
}

TEST(membership, who_accuses_and_then_dies_is_not_counted) {
  membership_run run{10};
  const auto observers = run.group.observers_of(4);
  run.accuse(observers[0], 4);
  run.accuse(observers[1], 4);
  run.apply(members::leave{run.life(observers[0])});
  run.accuse(observers[2], 4);
  EXPECT_EQ(run.state(4), state::suspect);
  run.accuse(observers[3], 4);
  EXPECT_EQ(run.state(4), state::down);
}

TEST(membership, a_death_may_complete_the_evidence_against_another) {
  // Of five, each has four observers and needs three accusers. Without 5, node 4 has three observers, and two
  // are enough.
  membership_run run{5};
  run.accuse(1, 4);
  run.accuse(2, 4);
  run.accuse(1, 5);
  run.accuse(2, 5);
  EXPECT_EQ(run.state(4), state::suspect);
  run.accuse(3, 5);
  ASSERT_EQ(run.changes.size(), 2u);
  EXPECT_EQ(run.changes[0].life.node, 5u);
  EXPECT_EQ(run.changes[1].life.node, 4u);
  EXPECT_EQ(run.state(4), state::down);
}

TEST(membership, draining_is_kept_through_suspicion) {
  membership_run run{6};
  EXPECT_EQ(run.apply(members::drain{{2, 1}}), error::none);
  EXPECT_EQ(run.state(2), state::draining);
  const auto observer = run.group.observers_of(2).front();
  run.accuse(observer, 2);
  EXPECT_EQ(run.state(2), state::suspect);
  run.refute(2);
  EXPECT_EQ(run.state(2), state::draining);
  EXPECT_EQ(run.apply(members::leave{{2, 1}}), error::none);
  EXPECT_EQ(run.changes.front().cause, down_cause::left);
}

TEST(membership, a_node_that_never_got_ready_can_be_found_dead) {
  membership_run run{5};
  run.apply(members::join{{6, 1}, {}, {}});
  run.bring_down(6);
  EXPECT_EQ(run.state(6), state::down);
}

TEST(membership, only_the_dead_are_removed_and_may_come_back_in_a_later_life) {
  membership_run run{5};
  EXPECT_EQ(run.apply(members::remove{4}), error::still_live);
  EXPECT_EQ(run.apply(members::remove{44}), error::unknown_node);
  run.bring_down(4);
  EXPECT_EQ(run.apply(members::remove{4}), error::none);
  EXPECT_EQ(run.state(4), state::removed);
  EXPECT_EQ(run.apply(members::join{{4, 1}, {}, {}}), error::fenced);
  EXPECT_EQ(run.apply(members::join{{4, 2}, {}, {}}), error::none);
}

TEST(membership, the_list_is_bounded_and_forgets_only_the_removed) {
  membership_run run{};
  membership_rules rules;
  rules.members_max = 3;
  run.apply(members::set_rules{rules});
  for (std::uint32_t node = 1; node <= 3; ++node) run.enter({node, 10 + node});
  EXPECT_EQ(run.apply(members::join{{4, 20}, {}, {}}), error::full);
  run.bring_down(1);
  EXPECT_EQ(run.apply(members::join{{4, 20}, {}, {}}), error::full);
  run.apply(members::remove{1});
  EXPECT_EQ(run.apply(members::join{{4, 20}, {}, {}}), error::none);
  EXPECT_EQ(run.group.find(1), nullptr);
  // Though it is forgotten, its old life stays fenced.
  EXPECT_EQ(run.apply(members::ready{{1, 11}}), error::fenced);
  run.apply(members::leave{{2, 12}});
  run.apply(members::remove{2});
  EXPECT_EQ(run.apply(members::join{{1, 11}, {}, {}}), error::fenced);
  EXPECT_EQ(run.apply(members::join{{1, 21}, {}, {}}), error::none);
}

TEST(membership, rules_that_cannot_work_are_refused) {
  membership_run run{5};
  for (const auto& rules :
       {membership_rules{0, 1, 3, 10}, membership_rules{65, 3, 3, 10}, membership_rules{5, 0, 3, 10},
        membership_rules{5, 6, 3, 10}, membership_rules{5, 3, 3, 0}})
    EXPECT_EQ(run.apply(members::set_rules{rules}), error::bad_argument);
  EXPECT_EQ(run.apply(members::set_rules{{5, 3, 3, 4}}), error::full);
  EXPECT_EQ(run.group.rules(), membership_rules{});
}

TEST(membership, laxer_rules_hold_for_evidence_that_is_there) {
  membership_run run{10};
  const auto observers = run.group.observers_of(4);
  run.accuse(observers[0], 4);
  run.accuse(observers[1], 4);
  run.apply(members::set_rules{{5, 2, 3, 4096}});
  EXPECT_EQ(run.state(4), state::down);
}

TEST(membership, arguments_out_of_bounds_are_refused) {
  membership_run run{};
  EXPECT_EQ(run.apply(members::join{{0, 1}, {}, {}}), error::bad_argument);
  EXPECT_EQ(run.apply(members::join{{1, 0}, {}, {}}), error::bad_argument);
  EXPECT_EQ(run.apply(members::join{{1, 1}, std::string(256, 'a'), {}}), error::bad_argument);
  EXPECT_EQ(run.apply(members::join{{1, 1}, {}, std::vector<std::string>(17, "r")}), error::bad_argument);
  EXPECT_EQ(run.apply(members::join{{1, 1}, {}, {""}}), error::bad_argument);
  EXPECT_EQ(run.group.view(), 0u);
}

TEST(membership, history_tells_who_was_suspected_by_whom_and_is_bounded) {
  membership_run run{5};
  run.accuse(2, 3);
  EXPECT_EQ(to_string(run.group.history().back()), "view 11: n3/1 up -> suspect, accused by n2");
  run.accuse(1, 3);
  run.accuse(4, 3);
  EXPECT_EQ(to_string(run.group.history().back()), "view 12: n3/1 suspect -> down, accused by n1 n2 n4");
  for (std::uint64_t life = 2; life < 300; ++life) run.enter({9, life});
  EXPECT_EQ(run.group.history().size(), membership::history_max);
  EXPECT_EQ(run.group.history().back().view, run.group.view());
}

}  // namespace
}  // namespace bulwark
