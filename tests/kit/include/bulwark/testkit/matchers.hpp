// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gmock/gmock.h>
#include <string>
#include <string_view>
#include <vector>

#include "bulwark/actors/core/event.hpp"
#include "bulwark/testkit/expected_events.hpp"
#include "bulwark/testkit/observed_tree.hpp"

/// Matchers for what a supervisor did:
///
///     EXPECT_THAT(tree, InOrder(Crashed("w1", Reason("boom")), Restarted("w1", After(100ms))));
///     EXPECT_THAT(tree, NoEventsFor("w2"));
///     EXPECT_THAT(tree, Tree({"w1 up", "w2 up"}));
namespace bulwark::testkit {

using event_matcher = testing::Matcher<const supervision_event&>;

// -- details --------------------------------------------------------------------------------------

/// The reason contains this text.
[[nodiscard]] event_matcher Reason(const char* part);
[[nodiscard]] event_matcher Reason(const testing::Matcher<const std::string&>& text);

/// The reason is of this kind.
[[nodiscard]] event_matcher Reason(exit_kind kind);

/// Of a restart: it took exactly this long from the exit to ready.
[[nodiscard]] event_matcher After(duration length);
[[nodiscard]] event_matcher After(const testing::Matcher<duration>& length);

/// It concerns this incarnation, counted from 1.
[[nodiscard]] event_matcher Generation(std::uint64_t number);

// -- events ---------------------------------------------------------------------------------------

[[nodiscard]] event_matcher Event(event_kind kind, std::string_view path, std::vector<event_matcher> details);

#define BULWARK_EVENT_MATCHER(Name, kind)                                              \
  template <class... Details>                                                          \
  [[nodiscard]] event_matcher Name(std::string_view path, const Details&... details) { \
    return Event(event_kind::kind, path, {event_matcher{details}...});                 \
  }

BULWARK_EVENT_MATCHER(Started, started)
BULWARK_EVENT_MATCHER(Ready, ready)
BULWARK_EVENT_MATCHER(Crashed, exited)
BULWARK_EVENT_MATCHER(Restarted, restarted)
BULWARK_EVENT_MATCHER(StartFailed, start_failed)
BULWARK_EVENT_MATCHER(Stopped, stopped)
BULWARK_EVENT_MATCHER(GaveUp, gave_up)
BULWARK_EVENT_MATCHER(Abandoned, abandoned)
BULWARK_EVENT_MATCHER(Resumed, resumed)
BULWARK_EVENT_MATCHER(Hung, hung)
BULWARK_EVENT_MATCHER(Parked, parked)
BULWARK_EVENT_MATCHER(GivenUp, given_up)
BULWARK_EVENT_MATCHER(ShutDown, shut_down)
BULWARK_EVENT_MATCHER(CrashStorm, crash_storm)
BULWARK_EVENT_MATCHER(Resized, resized)

#undef BULWARK_EVENT_MATCHER

// -- what happened, all in all --------------------------------------------------------------------

/// Nothing happened to this child, nor to any below it.
[[nodiscard]] expected_events<supervision_event> NoEventsFor(std::string_view path);

// -- whole trees ----------------------------------------------------------------------------------

using tree_matcher = testing::Matcher<const observed_tree&>;

/// The tree looks like this now: lines "path state", depth first.
[[nodiscard]] tree_matcher Tree(std::vector<std::string> lines);

}  // namespace bulwark::testkit
