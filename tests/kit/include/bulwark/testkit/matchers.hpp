// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gmock/gmock.h>
#include <chrono>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bulwark/actors/core/event.hpp"
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

#undef BULWARK_EVENT_MATCHER

// -- what happened, all in all --------------------------------------------------------------------

/// What is expected of the events of a tree, or of anything else that has a member function events(), such as
/// a cluster of processes.
class events_matcher {
 public:
  using is_gtest_matcher = void;
  using event_list = std::vector<supervision_event>;
  using check = std::function<std::string(const event_list& events)>;  ///< what is wrong; empty: nothing

  events_matcher(std::string intent, check find_problem)
      : intent_{std::move(intent)}, find_problem_{std::move(find_problem)} {}

  template <class Source>
  bool MatchAndExplain(const Source& source, std::ostream* out) const {
    return judge(source.events(), out);
  }
  void DescribeTo(std::ostream* out) const;
  void DescribeNegationTo(std::ostream* out) const;

  /// True if they are as expected; else says why not.
  bool judge(const event_list& events, std::ostream* out) const;

 private:
  std::string intent_;
  check find_problem_;
};

namespace detail {
[[nodiscard]] events_matcher in_order(std::vector<event_matcher> expected);
[[nodiscard]] events_matcher in_any_order(std::vector<event_matcher> expected);
[[nodiscard]] events_matcher exactly(std::vector<event_matcher> expected);
}  // namespace detail

/// These events happened in this order; others may lie between them.
template <class... Events>
[[nodiscard]] events_matcher InOrder(const Events&... events) {
  return detail::in_order({event_matcher{events}...});
}

/// Each of these happened, by an event of its own.
template <class... Events>
[[nodiscard]] events_matcher InAnyOrder(const Events&... events) {
  return detail::in_any_order({event_matcher{events}...});
}

/// These happened, in this order, and nothing else.
template <class... Events>
[[nodiscard]] events_matcher Exactly(const Events&... events) {
  return detail::exactly({event_matcher{events}...});
}

/// Nothing happened to this child, nor to any below it.
[[nodiscard]] events_matcher NoEventsFor(std::string_view path);

/// Looks again and again, in real time, until what happened is as expected or the time is over; see
/// EventuallySees.
class eventual_events {
 public:
  using is_gtest_matcher = void;

  eventual_events(events_matcher expected, std::chrono::steady_clock::duration within)
      : expected_{std::move(expected)}, within_{within} {}

  template <class Source>
  bool MatchAndExplain(const Source& source, std::ostream* out) const {
    const auto end = std::chrono::steady_clock::now() + within_;
    while (!expected_.judge(source.events(), nullptr)) {
      if (std::chrono::steady_clock::now() >= end) return expected_.judge(source.events(), out);
      std::this_thread::sleep_for(between_looks);
    }
    return true;
  }
  void DescribeTo(std::ostream* out) const;
  void DescribeNegationTo(std::ostream* out) const;

 private:
  static constexpr std::chrono::milliseconds between_looks{20};  ///< a look may be a question to processes

  events_matcher expected_;
  std::chrono::steady_clock::duration within_;
};

/// For real time and real processes: `EXPECT_THAT(cluster, EventuallySees(InOrder(Crashed("n2/w"), …)))`.
[[nodiscard]] inline eventual_events EventuallySees(
    events_matcher expected, std::chrono::steady_clock::duration within = std::chrono::seconds{10}) {
  return {std::move(expected), within};
}

// -- whole trees ----------------------------------------------------------------------------------

using tree_matcher = testing::Matcher<const observed_tree&>;

/// The tree looks like this now: lines "path state", depth first.
[[nodiscard]] tree_matcher Tree(std::vector<std::string> lines);

}  // namespace bulwark::testkit
