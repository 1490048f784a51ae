// SPDX-License-Identifier: BSD-3-Clause
// Goal: an observer accuses only those whom nobody reaches, doubts itself first when nobody answers it, and
// takes back what turned out wrong.
// Method: event by event in virtual time; the effects are compared with what they must be.
#include "bulwark/supervision/core/suspicion.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "bulwark/supervision/core/suspicion_codec.hpp"

namespace bulwark {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

using effects = std::vector<observing::effect>;

constexpr node_life observer_life{1, 10};
constexpr node_life subject_life{2, 20};

/// Node 1 watches node 2; 3 to 8 may help.
class observer_run {
 public:
  explicit observer_run(suspicion_options options = {}) : core{options, observer_life, 1} {
    view();
    tick();
  }

  effects step(const observing::event& what) {
    effects out;
    core.step(what, now, out);
    return out;
  }
  effects view(std::uint32_t round = 0, bool accused_here = false,
               std::optional<std::uint32_t> suspect_in_round = {}) {
    return step(observing::viewed{{{subject_life, round, accused_here}}, helpers, suspect_in_round});
  }
  effects silent() { return step(observing::silent{2}); }
  effects heard() { return step(observing::heard{2}); }
  effects tick() { return step(observing::tick{}); }

  /// Ticks as often as it should for this long; gathers the effects.
  effects pass(duration length) {
    effects all;
    for (const auto end = now + length; now < end;) {
      now += 50ms;
      const auto out = tick();
      all.insert(all.end(), out.begin(), out.end());
    }
    return all;
  }

  /// All helpers of the probe that these effects began say the same.
  effects answer_all(const effects& asked, bool reached) {
    effects all;
    for (const auto& one : asked) {
      const auto* ask = std::get_if<observing::ask>(&one);
      if (!ask) continue;
      const auto out = step(observing::answered{ask->subject, ask->number, reached});
      all.insert(all.end(), out.begin(), out.end());
    }
    return all;
  }

  static std::size_t asks_in(const effects& all) {
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [](const auto& one) { return std::holds_alternative<observing::ask>(one); }));
  }

  std::shared_ptr<const std::vector<std::uint32_t>> helpers =
      std::make_shared<const std::vector<std::uint32_t>>(std::vector<std::uint32_t>{2, 3, 4, 5, 6, 7, 8});
  instant now{1h};
  suspicion core;
};

observing::effect accusation(std::uint32_t round = 0) {
  return observing::tell{members::accuse{observer_life, subject_life, round}};
}
const observing::effect withdrawal = observing::tell{members::withdraw{observer_life, subject_life}};

TEST(suspicion, a_silent_node_is_probed_through_helpers_before_it_is_accused) {
  observer_run run;
  const auto asked = run.silent();
  EXPECT_EQ(run.asks_in(asked), 3u);
  EXPECT_EQ(asked.back(), observing::effect{observing::probe{2}});
  for (const auto& one : asked) EXPECT_NE(one, accusation());
  EXPECT_THAT(run.answer_all(asked, false), ElementsAre(accusation()));
  EXPECT_THAT(run.silent(), IsEmpty());
}

TEST(suspicion, one_helper_that_reaches_it_is_enough_against_an_accusation) {
  observer_run run;
  const auto asked = run.silent();
  const auto& ask = std::get<observing::ask>(asked.front());
  EXPECT_THAT(run.step(observing::answered{2, ask.number, true}), IsEmpty());
  EXPECT_THAT(run.answer_all(asked, false), IsEmpty());
  EXPECT_THAT(run.pass(950ms), IsEmpty());
  // It stays silent here, so after a while it is probed again.
  const auto again = run.pass(100ms);
  EXPECT_EQ(run.asks_in(again), 3u);
  EXPECT_THAT(run.answer_all(again, false), ElementsAre(accusation()));
}

TEST(suspicion, helpers_may_be_late_or_lost_if_one_says_no) {
  observer_run run;
  const auto asked = run.silent();
  run.step(observing::answered{2, std::get<observing::ask>(asked.front()).number, false});
  EXPECT_THAT(run.pass(200ms), ElementsAre(accusation()));
  EXPECT_EQ(run.core.health().score(), 0u);
}

TEST(suspicion, an_observer_that_nobody_answers_doubts_itself_first) {
  observer_run run;
  effects all = run.silent();
  EXPECT_EQ(run.asks_in(all), 3u);
  const auto later = run.pass(200ms);
  EXPECT_EQ(run.asks_in(later), 3u);
  EXPECT_EQ(run.core.health().score(), 1u);
  // The second probe waits twice, the third three times as long.
  EXPECT_EQ(run.asks_in(run.pass(350ms)), 0u);
  EXPECT_EQ(run.asks_in(run.pass(50ms)), 3u);
  EXPECT_THAT(run.pass(550ms), IsEmpty());
  EXPECT_THAT(run.pass(50ms), ElementsAre(accusation()));
}

TEST(suspicion, without_helpers_it_accuses_at_once) {
  suspicion_options alone;
  alone.helpers = 0;
  observer_run run{alone};
  EXPECT_THAT(run.silent(), ElementsAre(observing::effect{observing::probe{2}}, accusation()));
  observer_run pair;
  pair.helpers = nullptr;
  pair.view();
  EXPECT_EQ(pair.silent().back(), accusation());
}

TEST(suspicion, who_is_heard_again_is_no_longer_probed_and_what_was_said_is_withdrawn) {
  observer_run run;
  const auto asked = run.silent();
  EXPECT_THAT(run.heard(), IsEmpty());
  EXPECT_THAT(run.answer_all(asked, false), IsEmpty());
  run.answer_all(run.silent(), false);
  EXPECT_THAT(run.heard(), ElementsAre(withdrawal));
  EXPECT_THAT(run.heard(), IsEmpty());
  // The group may not have got it.
  EXPECT_THAT(run.view(0, true), ElementsAre(withdrawal));
  EXPECT_THAT(run.view(0, false), IsEmpty());
}

TEST(suspicion, an_accusation_is_said_again_until_the_group_has_it) {
  observer_run run;
  run.answer_all(run.silent(), false);
  EXPECT_THAT(run.pass(450ms), IsEmpty());
  EXPECT_THAT(run.pass(50ms), ElementsAre(accusation()));
  run.view(0, true);
  EXPECT_THAT(run.pass(5s), IsEmpty());
}

TEST(suspicion, what_the_group_did_not_take_is_said_again_at_once) {
  observer_run run;
  run.answer_all(run.silent(), false);
  run.step(observing::untaken{});
  EXPECT_THAT(run.pass(50ms), ElementsAre(accusation()));
  EXPECT_THAT(run.pass(450ms), IsEmpty()) << "once, and then as before";
  run.step(observing::untaken{});
  run.view(0, true);
  EXPECT_THAT(run.pass(450ms), IsEmpty()) << "the group has it after all";
  run.view(1, false, 3);
  run.step(observing::untaken{});
  EXPECT_THAT(run.pass(50ms),
              ElementsAre(observing::effect{observing::tell{members::refute{observer_life, 3}}}));
}

TEST(suspicion, after_a_refutation_it_waits_longer_each_time_and_names_the_new_round) {
  observer_run run;
  run.answer_all(run.silent(), false);
  run.view(1);
  EXPECT_THAT(run.pass(450ms), IsEmpty());
  auto asked = run.pass(50ms);
  EXPECT_THAT(run.answer_all(asked, false), ElementsAre(accusation(1)));
  run.view(2);
  EXPECT_THAT(run.pass(950ms), IsEmpty());
  asked = run.pass(50ms);
  EXPECT_THAT(run.answer_all(asked, false), ElementsAre(accusation(2)));
}

TEST(suspicion, a_new_life_and_one_that_is_watched_no_more_start_afresh) {
  observer_run run;
  run.answer_all(run.silent(), false);
  EXPECT_EQ(run.core.doubtful(), 1u);
  run.step(observing::viewed{{{{2, 21}, 0, false}}, run.helpers, {}});
  EXPECT_EQ(run.core.doubtful(), 0u);
  run.step(observing::viewed{{}, run.helpers, {}});
  EXPECT_THAT(run.silent(), IsEmpty());
}

TEST(suspicion, a_suspect_refutes_once_a_round_and_again_if_nothing_comes_of_it) {
  observer_run run;
  const observing::effect refutation = observing::tell{members::refute{observer_life, 4}};
  EXPECT_THAT(run.view(0, false, 4), ElementsAre(refutation));
  EXPECT_THAT(run.view(0, false, 4), IsEmpty());
  EXPECT_EQ(run.core.health().score(), 1u);
  EXPECT_THAT(run.pass(500ms), ElementsAre(refutation));
  run.view();
  EXPECT_THAT(run.pass(1s), IsEmpty());
  EXPECT_EQ(run.core.health().score(), 0u);
}

TEST(suspicion, an_observer_that_stood_still_counts_none_of_that_time) {
  observer_run run;
  run.silent();
  run.now += 3s;
  EXPECT_THAT(run.tick(), IsEmpty());
  EXPECT_EQ(run.core.health().score(), 1u);
  EXPECT_EQ(run.asks_in(run.pass(100ms)), 0u);
  EXPECT_EQ(run.asks_in(run.pass(50ms)), 3u);
}

TEST(suspicion, ill_health_makes_it_patient) {
  observer_run run;
  for (int i = 0; i < 3; ++i) {
    run.now += 1s;
    run.tick();
  }
  ASSERT_EQ(run.core.health().score(), 3u);
  EXPECT_THAT(run.silent(), IsEmpty());
  EXPECT_THAT(run.pass(250ms), IsEmpty());
  EXPECT_EQ(run.asks_in(run.pass(50ms)), 3u);
}

TEST(suspicion, a_helper_probes_and_says_yes_or_no_in_time) {
  observer_run run;
  EXPECT_THAT(run.step(observing::asked{7, 5, 42}), ElementsAre(observing::effect{observing::probe{5}}));
  EXPECT_THAT(run.step(observing::heard{5}),
              ElementsAre(observing::effect{observing::answer{7, 5, 42, true}}));
  EXPECT_THAT(run.step(observing::heard{5}), IsEmpty());
  run.step(observing::asked{7, 5, 43});
  EXPECT_THAT(run.pass(50ms), IsEmpty());
  EXPECT_THAT(run.pass(50ms), ElementsAre(observing::effect{observing::answer{7, 5, 43, false}}));
}

TEST(suspicion, probes_for_others_are_bounded) {
  observer_run run;
  for (std::uint64_t i = 0; i < suspicion::pending_max; ++i)
    EXPECT_EQ(run.step(observing::asked{7, 5, i}).size(), 1u);
  EXPECT_THAT(run.step(observing::asked{7, 5, 999}), IsEmpty());
  EXPECT_EQ(run.pass(100ms).size(), suspicion::pending_max);
}

TEST(suspicion, messages_survive_their_bytes_and_others_are_refused) {
  using kind = observer_message_kind;
  for (const observer_message what :
       {observer_message{kind::ask, 7, 1ull << 50, false}, observer_message{kind::answer, 7, 8, true},
        observer_message{kind::probe, 0, 0, false}, observer_message{kind::echo, 0, 0, false}}) {
    const auto bytes = encode(what);
    EXPECT_EQ(decode_observer_message(bytes), what);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(decode_observer_message(std::string_view{bytes}.substr(0, size)));
    EXPECT_FALSE(decode_observer_message(bytes + 'x'));
  }
  auto bytes = encode(observer_message{});
  for (const char number : {0, 5}) {
    bytes[1] = number;
    EXPECT_FALSE(decode_observer_message(bytes));
  }
}

TEST(suspicion, options_that_cannot_work_are_refused) {
  EXPECT_EQ(suspicion_options{}.validate(), "");
  suspicion_options bad;
  bad.tick = 0s;
  EXPECT_NE(bad.validate(), "");
  bad = {};
  bad.helpers = 65;
  EXPECT_NE(bad.validate(), "");
}

}  // namespace
}  // namespace bulwark
