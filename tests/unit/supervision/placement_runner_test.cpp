// SPDX-License-Identifier: BSD-3-Clause
// Goal: a distributed child runs while it belongs here and the lease holds, and stops before anybody else may
// run it.
// Method: event by event in virtual time; the effects are compared with what they must be.
#include "bulwark/supervision/core/placement_runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

using running_effects = std::vector<running::effect>;

template <class Effect>
running::effect effect_of(Effect what) {
  return what;
}

/// Lease 2 s, renewed from 1 s before its end, 300 ms to stop.
class runner_run {
 public:
  running_effects step(const running::event& what) {
    running_effects out;
    runner.step(what, now, out);
    return out;
  }
  running_effects tick_at(duration since) {
    now = begin + since;
    return step(running::tick{});
  }
  running_effects granted(std::uint64_t token, bool must_wait = false) {
    return step(running::claimed{{registry_error::none, {{1, 1}, 1, token, must_wait}}, now});
  }
  running_effects released(std::uint64_t token) { return step(running::released{token}); }
  void run() {
    step(running::assigned{true});
    granted(7);
  }

  const instant begin{1h};
  instant now = begin;
  placement_runner runner{runner_options{}};
};

TEST(placement_runner, a_child_that_belongs_here_is_claimed_and_started) {
  runner_run run;
  EXPECT_TRUE(run.runner.is_idle());
  EXPECT_THAT(run.step(running::assigned{true}), ElementsAre(effect_of(running::claim{1})));
  EXPECT_THAT(run.tick_at(499ms), IsEmpty());
  EXPECT_THAT(run.tick_at(500ms), ElementsAre(effect_of(running::claim{1})));
  EXPECT_THAT(run.granted(7), ElementsAre(effect_of(running::start{7})));
  EXPECT_TRUE(run.runner.may_act(run.now));
  EXPECT_THAT(run.step(running::assigned{true}), IsEmpty());
}

TEST(placement_runner, a_name_that_is_taken_is_claimed_again_later) {
  runner_run run;
  run.step(running::assigned{true});
  EXPECT_THAT(run.step(running::claimed{{registry_error::taken, {{2, 1}, 1, 3, false}}, run.now}), IsEmpty());
  EXPECT_FALSE(run.runner.may_act(run.now));
  EXPECT_THAT(run.tick_at(500ms), ElementsAre(effect_of(running::claim{1})));
}

TEST(placement_runner, a_name_that_another_node_gave_up_is_claimed_at_once) {
  runner_run run;
  run.step(running::assigned{true});
  run.step(running::claimed{{registry_error::taken, {{2, 1}, 1, 3, false}}, run.now});
  EXPECT_THAT(run.tick_at(100ms), IsEmpty());
  EXPECT_THAT(run.step(running::vacated{}), ElementsAre(effect_of(running::claim{1})));
  EXPECT_THAT(run.granted(7), ElementsAre(effect_of(running::start{7})));
  EXPECT_THAT(run.step(running::vacated{}), IsEmpty()) << "it runs";
  run.step(running::assigned{false});
  EXPECT_THAT(run.step(running::vacated{}), IsEmpty()) << "it does not belong here";
}

TEST(placement_runner, the_lease_is_renewed_and_the_child_stops_before_it_ends) {
  runner_run run;
  run.run();
  EXPECT_THAT(run.tick_at(999ms), IsEmpty());
  EXPECT_THAT(run.tick_at(1000ms), ElementsAre(effect_of(running::confirm{7})));
  EXPECT_THAT(run.step(running::confirmed{7, true, run.now}), IsEmpty());
  EXPECT_THAT(run.tick_at(1999ms), IsEmpty());
  EXPECT_THAT(run.tick_at(2000ms), ElementsAre(effect_of(running::confirm{7})));
  EXPECT_THAT(run.tick_at(2100ms), IsEmpty()) << "too early to ask again";
  EXPECT_THAT(run.tick_at(2125ms), ElementsAre(effect_of(running::confirm{7})));
  EXPECT_THAT(run.tick_at(2700ms), ElementsAre(effect_of(running::stop{})));
  EXPECT_TRUE(run.runner.may_act(run.now));
  EXPECT_THAT(run.tick_at(2750ms), IsEmpty());
  EXPECT_FALSE(run.runner.may_act(run.begin + 3s));
  EXPECT_THAT(run.step(running::stopped{}), ElementsAre(effect_of(running::release{7})));
  run.released(7);
  EXPECT_THAT(run.tick_at(3250ms), ElementsAre(effect_of(running::claim{2})));
}

TEST(placement_runner, a_child_that_belongs_elsewhere_stops_and_then_gives_the_name_up) {
  runner_run run;
  run.run();
  EXPECT_THAT(run.step(running::assigned{false}), ElementsAre(effect_of(running::stop{})));
  EXPECT_FALSE(run.runner.is_idle());
  EXPECT_THAT(run.step(running::stopped{}), ElementsAre(effect_of(running::release{7})));
  EXPECT_FALSE(run.runner.is_idle());
  run.released(7);
  EXPECT_TRUE(run.runner.is_idle());
  EXPECT_THAT(run.tick_at(5s), IsEmpty());
}

TEST(placement_runner, a_release_and_a_claim_are_said_again_until_they_are_answered) {
  runner_run run;
  run.run();
  run.step(running::assigned{false});
  run.step(running::stopped{});
  EXPECT_THAT(run.tick_at(500ms), ElementsAre(effect_of(running::release{7})));
  run.released(7);
  EXPECT_THAT(run.tick_at(1s), IsEmpty());
  // Who is sent away before its claim was answered may have been granted the name.
  run.step(running::assigned{true});
  run.step(running::assigned{false});
  EXPECT_THAT(run.tick_at(1500ms), ElementsAre(effect_of(running::claim{2})));
  EXPECT_THAT(run.granted(9), ElementsAre(effect_of(running::release{9})));
  run.released(9);
  EXPECT_TRUE(run.runner.is_idle());
  EXPECT_THAT(run.tick_at(5s), IsEmpty());
}

TEST(placement_runner, a_name_granted_anew_while_the_child_stops_is_given_back) {
  runner_run run;
  run.run();
  run.step(running::confirmed{7, false, run.now});
  EXPECT_THAT(run.granted(9), ElementsAre(effect_of(running::release{9})));
  EXPECT_FALSE(run.runner.may_act(run.now));
}

TEST(placement_runner, a_token_that_is_lost_ends_the_child_and_is_not_released) {
  runner_run run;
  run.run();
  EXPECT_THAT(run.step(running::confirmed{6, false, run.now}), IsEmpty());
  EXPECT_THAT(run.step(running::confirmed{7, false, run.now}), ElementsAre(effect_of(running::stop{})));
  EXPECT_THAT(run.step(running::stopped{}), IsEmpty());
  EXPECT_THAT(run.tick_at(500ms), ElementsAre(effect_of(running::claim{2})));
}

TEST(placement_runner, behind_a_dead_owner_it_waits_renews_and_settles) {
  runner_run run;
  run.step(running::assigned{true});
  EXPECT_THAT(run.granted(8, true), IsEmpty());
  EXPECT_THAT(run.tick_at(1s), ElementsAre(effect_of(running::confirm{8})));
  run.step(running::confirmed{8, true, run.now});
  EXPECT_FALSE(run.runner.may_act(run.now));
  EXPECT_FALSE(run.runner.may_act(run.begin + 2020ms)) << "it is not started";
  EXPECT_THAT(run.tick_at(2020ms), ElementsAre(effect_of(running::start{8}), effect_of(running::settle{8}),
                                               effect_of(running::confirm{8})));
  EXPECT_TRUE(run.runner.may_act(run.now));
  EXPECT_THAT(run.tick_at(2030ms), IsEmpty()) << "it is settled";
}

TEST(placement_runner, who_belongs_elsewhere_while_waiting_gives_the_name_up_unstarted) {
  runner_run run;
  run.step(running::assigned{true});
  run.granted(8, true);
  EXPECT_THAT(run.step(running::assigned{false}), ElementsAre(effect_of(running::release{8})));
  run.released(8);
  EXPECT_TRUE(run.runner.is_idle());
}

TEST(placement_runner, a_grant_that_comes_too_late_is_given_back) {
  runner_run run;
  run.step(running::assigned{true});
  run.step(running::assigned{false});
  EXPECT_THAT(run.granted(9), ElementsAre(effect_of(running::release{9})));
}

TEST(placement_runner, a_child_that_ends_for_good_gives_the_name_up) {
  runner_run run;
  run.run();
  EXPECT_THAT(run.step(running::stopped{}), ElementsAre(effect_of(running::release{7})));
  EXPECT_FALSE(run.runner.may_act(run.now));
}

TEST(placement_runner, a_grant_that_is_told_again_after_it_was_given_back_is_none) {
  runner_run run;
  run.run();
  run.step(running::assigned{false});
  run.step(running::stopped{});
  run.step(running::assigned{true});
  EXPECT_THAT(run.granted(7), IsEmpty()) << "while it is being given back";
  EXPECT_FALSE(run.runner.may_act(run.now));
  run.released(7);
  EXPECT_THAT(run.granted(7), IsEmpty()) << "somebody else may hold the name by now";
  EXPECT_FALSE(run.runner.may_act(run.now));
  EXPECT_THAT(run.granted(8), ElementsAre(effect_of(running::start{8})));
}

TEST(placement_runner, a_grant_given_back_while_the_child_stopped_is_none_when_it_is_told_again) {
  runner_run run;
  run.run();
  run.step(running::confirmed{7, false, run.now});
  run.granted(9);
  run.released(9);
  run.step(running::stopped{});
  EXPECT_THAT(run.granted(9), IsEmpty());
  EXPECT_FALSE(run.runner.may_act(run.now));
}

TEST(placement_runner, the_answer_to_an_earlier_release_does_not_end_the_one_under_way) {
  runner_run run;
  run.run();
  run.step(running::assigned{false});
  run.step(running::stopped{});
  EXPECT_THAT(run.granted(9), ElementsAre(effect_of(running::release{9})));
  run.released(7);
  EXPECT_FALSE(run.runner.is_idle());
  EXPECT_THAT(run.tick_at(500ms), ElementsAre(effect_of(running::release{9})));
}

TEST(placement_runner, what_is_said_of_another_token_does_not_extend_the_lease) {
  runner_run run;
  run.run();
  run.step(running::confirmed{6, true, run.begin + 5s});
  EXPECT_EQ(run.runner.acts_until(), run.begin + 2s);
}

TEST(placement_runner, a_child_that_comes_back_is_claimed_at_once) {
  runner_run run;
  run.run();
  run.step(running::assigned{false});
  run.step(running::stopped{});
  run.released(7);
  run.tick_at(100ms);
  EXPECT_THAT(run.step(running::assigned{true}), ElementsAre(effect_of(running::claim{2})));
}

TEST(placement_runner, it_is_not_idle_while_it_may_be_granted_the_name) {
  runner_run run;
  run.step(running::assigned{true});
  run.step(running::assigned{false});
  EXPECT_FALSE(run.runner.is_idle()) << "the claim is not answered";
  run.step(running::claimed{{registry_error::taken, {{2, 1}, 1, 3, false}}, run.now});
  EXPECT_TRUE(run.runner.is_idle());
  run.step(running::assigned{true});
  run.step(running::claimed{{registry_error::taken, {{2, 1}, 1, 3, false}}, run.now});
  EXPECT_FALSE(run.runner.is_idle()) << "it belongs here";
}

TEST(placement_runner, options_that_cannot_work_are_refused) {
  EXPECT_EQ(runner_options{}.validate(), "");
  runner_options bad;
  bad.stop_within = bad.lease.renew_before;
  EXPECT_NE(bad.validate(), "");
  bad = {};
  bad.lease.length = 0s;
  EXPECT_NE(bad.validate(), "");
}

}  // namespace
}  // namespace bulwark
