// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gmock/gmock.h>
#include <algorithm>
#include <chrono>
#include <functional>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// What is expected of events, whatever they are of: supervisors (matchers.hpp), nodes, names and members of
/// a group (cluster_matchers.hpp), workers of a router (router_matchers.hpp).
///
///     EXPECT_THAT(tree, InOrder(Crashed("w1"), Restarted("w1")));
///     EXPECT_THAT(seen, EventuallySees(InOrder(Suspected(2), NodeDown(2))));
namespace bulwark::testkit {

/// What is expected of the events of a tree, of a witness, or of anything else that has a member function
/// events().
template <class Event>
class expected_events {
 public:
  using is_gtest_matcher = void;
  using event_list = std::vector<Event>;
  using check = std::function<std::string(const event_list& events)>;  ///< what is wrong; empty: nothing

  expected_events(std::string intent, check find_problem)
      : intent_{std::move(intent)}, find_problem_{std::move(find_problem)} {}

  template <class Source>
  bool MatchAndExplain(const Source& source, std::ostream* out) const {
    return judge(source.events(), out);
  }
  void DescribeTo(std::ostream* out) const { *out << intent_; }
  void DescribeNegationTo(std::ostream* out) const { *out << "not: " << intent_; }

  /// True if they are as expected; else says why not.
  bool judge(const event_list& events, std::ostream* out) const {
    const auto problem = find_problem_(events);
    if (out && !problem.empty()) *out << problem;
    return problem.empty();
  }

 private:
  std::string intent_;
  check find_problem_;
};

namespace detail {

template <class Event>
using matcher_of = testing::Matcher<const Event&>;

template <class Event>
std::string missing(const matcher_of<Event>& matcher) {
  return "there is no event that " + testing::DescribeMatcher<const Event&>(matcher);
}

template <class Event>
std::string problem_in_order(const std::vector<Event>& events,
                             const std::vector<matcher_of<Event>>& expected) {
  auto at = events.begin();
  for (const auto& matcher : expected) {
    while (at != events.end() && !matcher.Matches(*at)) ++at;
    if (at == events.end()) return missing<Event>(matcher) + ", or it came too early";
    ++at;
  }
  return {};
}

template <class Event>
std::string problem_in_any_order(std::vector<Event> events, const std::vector<matcher_of<Event>>& expected) {
  for (const auto& matcher : expected) {
    const auto found =
        std::ranges::find_if(events, [&](const Event& event) { return matcher.Matches(event); });
    if (found == events.end()) return missing<Event>(matcher);
    events.erase(found);
  }
  return {};
}

template <class Event>
std::string problem_exactly(const std::vector<Event>& events,
                            const std::vector<matcher_of<Event>>& expected) {
  for (std::size_t i = 0; i < expected.size() && i < events.size(); ++i)
    if (!expected[i].Matches(events[i]))
      return "event " + std::to_string(i + 1) + " is " + testing::PrintToString(events[i]) +
             ", which does not fit: it " + testing::DescribeMatcher<const Event&>(expected[i]);
  if (events.size() == expected.size()) return {};
  return "there are " + std::to_string(events.size()) + " events instead of " +
         std::to_string(expected.size());
}

template <class Event, class Check>
expected_events<Event> expectation(std::string intent, std::vector<matcher_of<Event>> expected,
                                   Check find_problem) {
  for (const auto& one : expected) intent += "\n  - " + testing::DescribeMatcher<const Event&>(one);
  return {std::move(intent), [expected = std::move(expected), find_problem](const std::vector<Event>& all) {
            return find_problem(all, expected);
          }};
}

}  // namespace detail

/// These events happened in this order; others may lie between them.
template <class Event, class... More>
[[nodiscard]] expected_events<Event> InOrder(const testing::Matcher<const Event&>& first,
                                             const More&... more) {
  return detail::expectation<Event>(
      "in this order, among others:", {first, testing::Matcher<const Event&>{more}...},
      detail::problem_in_order<Event>);
}

/// Each of these happened, by an event of its own.
template <class Event, class... More>
[[nodiscard]] expected_events<Event> InAnyOrder(const testing::Matcher<const Event&>& first,
                                                const More&... more) {
  return detail::expectation<Event>(
      "in any order, among others:", {first, testing::Matcher<const Event&>{more}...},
      detail::problem_in_any_order<Event>);
}

/// These happened, in this order, and nothing else.
template <class Event, class... More>
[[nodiscard]] expected_events<Event> Exactly(const testing::Matcher<const Event&>& first,
                                             const More&... more) {
  return detail::expectation<Event>(
      "in this order, and nothing else:", {first, testing::Matcher<const Event&>{more}...},
      detail::problem_exactly<Event>);
}

/// Looks again and again, in real time, until what is seen is as expected or the time is over; see
/// EventuallySees.
template <class Expected>
class eventual_sight {
 public:
  using is_gtest_matcher = void;

  eventual_sight(Expected expected, std::chrono::steady_clock::duration within)
      : expected_{std::move(expected)}, within_{within} {}

  template <class Source>
  bool MatchAndExplain(const Source& source, testing::MatchResultListener* listener) const {
    const auto expected = testing::MatcherCast<const Source&>(expected_);
    const auto end = std::chrono::steady_clock::now() + within_;
    while (!expected.Matches(source)) {
      if (std::chrono::steady_clock::now() >= end) return expected.MatchAndExplain(source, listener);
      std::this_thread::sleep_for(between_looks);
    }
    return true;
  }
  void DescribeTo(std::ostream* out) const {
    *out << "within " << std::chrono::duration<double>(within_).count() << " s ";
    expected_.DescribeTo(out);
  }
  void DescribeNegationTo(std::ostream* out) const {
    *out << "not: ";
    DescribeTo(out);
  }

 private:
  static constexpr std::chrono::milliseconds between_looks{20};  ///< a look may be a question to processes

  Expected expected_;
  std::chrono::steady_clock::duration within_;
};

/// For real time and real processes: `EXPECT_THAT(cluster, EventuallySees(InOrder(Crashed("n2/w"), …)))`.
/// Takes any matcher of the kit.
template <class Expected>
[[nodiscard]] eventual_sight<Expected> EventuallySees(
    Expected expected, std::chrono::steady_clock::duration within = std::chrono::seconds{10}) {
  return {std::move(expected), within};
}

}  // namespace bulwark::testkit
